// SPDX-License-Identifier: GPL-2.0
/*
 * The rows of the design's table of costs, each as a small program: memory is laid
 * out, ksmd is let over it one pass at a time, and the CPU time of some of these
 * passes is taken. Under QEMU with -icount shift=0 one nanosecond is one instruction.
 */
#include "cost/scenario.h"

#include <algorithm>
#include <csignal>
#include <ctime>
#include <stdexcept>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/passes.h"
#include "support/region.h"

namespace ksm
{

namespace
{

constexpr std::uint64_t seed_of_all = 1ULL << 40;

/* Adds the cost of one pass of ksmd. */
void measure_pass(stepper &ksmd, cost &sum)
{
	std::uint64_t before = ksmd_cpu_ns();

	ksmd.pass();
	std::uint64_t used = ksmd_cpu_ns() - before;

	sum.total_ns += used;
	sum.least_ns = sum.passes ? std::min(sum.least_ns, used) : used;
	sum.most_ns = std::max(sum.most_ns, used);
	sum.passes++;
}

std::uint64_t now_ns()
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return std::uint64_t(time.tv_sec) * 1000000000u + std::uint64_t(time.tv_nsec);
}

void fill_with_pairs(const region &memory)
{
	std::size_t half = memory.pages() / 2;

	for (std::size_t i = 0; i < 2 * half; i++)
		memory.fill(i, seed_of_all + i % half);
}

void fill_with_tails(const region &memory)
{
	for (std::size_t i = 0; i < memory.pages(); i++) {
		memory.fill(i, seed_of_all);
		memory.words(i)[words_per_page - 1] = word_of(i, 0);
	}
}

void fill_with_unique(const region &memory)
{
	memory.fill_unique(seed_of_all);
}

void fill_with_zeroes(const region &memory)
{
	for (std::size_t i = 0; i < memory.pages(); i++) {
		memory.words(i)[0] = 1;
		memory.words(i)[0] = 0;
	}
}

/* Passes over memory that nobody writes to, once all that can happen to it has. */
cost settled(const cost_options &options, void (*fill)(const region &))
{
	region memory(options.pages);
	stepper ksmd;
	cost result;
	/* The old engine's smart scan has a period of nine passes, ever longer at first. */
	unsigned warm_up = options.smart_scan ? 30 : 6;
	unsigned passes = options.passes ? options.passes : options.smart_scan ? 18 : 5;

	fill(memory);
	memory.mergeable();
	for (unsigned i = 0; i < warm_up; i++)
		ksmd.pass();
	while (result.passes < passes)
		measure_pass(ksmd, result);
	result.page_visits = passes * memory.pages();
	result.after = counters::read();
	return result;
}

cost settled_unique(const cost_options &options)
{
	return settled(options, fill_with_unique);
}

cost settled_merged(const cost_options &options)
{
	return settled(options, fill_with_pairs);
}

cost settled_tail(const cost_options &options)
{
	return settled(options, fill_with_tails);
}

/* One certain pass over new memory, the first being number 1. */
cost early_pass(const cost_options &options, unsigned number, void (*fill)(const region &))
{
	cost result;
	unsigned rounds = options.passes ? options.passes : 3;

	for (unsigned round = 0; round < rounds; round++) {
		unmerge_all();
		region memory(options.pages);
		stepper ksmd;

		fill(memory);
		memory.mergeable();
		for (unsigned pass = 1; pass < number; pass++)
			ksmd.pass();
		measure_pass(ksmd, result);
		result.after = counters::read();
	}
	result.page_visits = rounds * options.pages;
	return result;
}

cost first_visit(const cost_options &options)
{
	return early_pass(options, 1, fill_with_unique);
}

cost index_unique(const cost_options &options)
{
	return early_pass(options, 2, fill_with_unique);
}

cost index_tail(const cost_options &options)
{
	return early_pass(options, 2, fill_with_tails);
}

cost rewritten(const cost_options &options)
{
	region memory(options.pages);
	stepper ksmd;
	cost result;
	unsigned passes = options.passes ? options.passes : 5;

	fill_with_unique(memory);
	memory.mergeable();
	for (unsigned pass = 0; pass < 4 + passes; pass++) {
		for (std::size_t i = 0; i < memory.pages(); i++)
			memory.words(i)[i % words_per_page] = word_of(pass, i);
		if (pass < 4)
			ksmd.pass();
		else
			measure_pass(ksmd, result);
	}
	result.page_visits = passes * memory.pages();
	result.after = counters::read();
	return result;
}

/* All passes from new memory until everything is where it belongs. */
cost until_merged(const cost_options &options, void (*fill)(const region &), const char *counter,
		  long wanted)
{
	constexpr unsigned most_passes = 20;
	region memory(options.pages);
	stepper ksmd;
	cost result;
	long before = knob(counter);

	fill(memory);
	memory.mergeable();
	while (knob(counter) - before < wanted) {
		if (result.passes == most_passes)
			throw std::runtime_error(std::string(counter) + " has come to " +
						 knob_text(counter) + " only");
		measure_pass(ksmd, result);
	}
	result.page_visits = memory.pages();
	result.after = counters::read();
	return result;
}

cost pairs_until_merged(const cost_options &options)
{
	return until_merged(options, fill_with_pairs, "pages_sharing", long(options.pages / 2));
}

cost zero_until_merged(const cost_options &options)
{
	set_knob("use_zero_pages", 1);
	return until_merged(options, fill_with_zeroes, "ksm_zero_pages", long(options.pages));
}

/* Memory of which every page is shared with one other. */
void merge_pairs(const region &memory)
{
	stepper ksmd;

	fill_with_pairs(memory);
	memory.mergeable();
	for (int pass = 0; pass < 6; pass++)
		ksmd.pass();
	if (knob("pages_sharing") != long(memory.pages() / 2))
		throw std::runtime_error("the pairs have not merged");
}

cost break_cow(const cost_options &options)
{
	region memory(options.pages);
	cost result;

	result.wall = true;
	result.passes = 1;
	merge_pairs(memory);

	std::uint64_t before = now_ns();

	for (std::size_t i = 0; i < memory.pages(); i++)
		memory.words(i)[0] = i;
	result.total_ns = result.least_ns = result.most_ns = now_ns() - before;
	result.page_visits = memory.pages();
	result.after = counters::read();
	return result;
}

/* What break-cow is to be compared with: the same write after a plain fork. */
cost fork_copy(const cost_options &options)
{
	region memory(options.pages);
	cost result;

	result.wall = true;
	result.passes = 1;
	fill_with_pairs(memory);
	pid_t other = fork();

	if (other < 0)
		throw std::runtime_error("cannot fork");
	if (other == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	std::uint64_t before = now_ns();

	for (std::size_t i = 0; i < memory.pages(); i++)
		memory.words(i)[0] = i;
	result.total_ns = result.least_ns = result.most_ns = now_ns() - before;
	kill(other, SIGKILL);
	waitpid(other, nullptr, 0);
	result.page_visits = memory.pages();
	result.after = counters::read();
	return result;
}

cost run_2(const cost_options &options)
{
	region memory(options.pages);
	cost result;

	result.wall = true;
	result.passes = 1;
	merge_pairs(memory);

	std::uint64_t before = now_ns();

	unmerge_all();
	result.total_ns = result.least_ns = result.most_ns = now_ns() - before;
	result.page_visits = memory.pages();
	result.after = counters::read();
	return result;
}

} /* namespace */

const std::vector<scenario> &scenarios()
{
	static const std::vector<scenario> all = {
		{"settled-unique", "pages of which no two are equal, not written to",
		 settled_unique},
		{"settled-merged", "pairs of equal pages, merged, not written to", settled_merged},
		{"settled-tail", "pages that differ in the last 8 bytes only", settled_tail},
		{"first-visit", "the first pass over new memory", first_visit},
		{"index-unique", "the second pass, over pages all different", index_unique},
		{"index-tail", "the second pass, over pages different at the end", index_tail},
		{"rewritten", "pages written to before each visit", rewritten},
		{"pairs-until-merged", "all passes over pairs until they are merged",
		 pairs_until_merged},
		{"zero-until-merged", "all passes over empty pages, use_zero_pages on",
		 zero_until_merged},
		{"break-cow", "a write to a merged page, by the writer's clock", break_cow},
		{"fork-copy", "a write to a page shared by fork, to compare with that", fork_copy},
		{"run-2", "run=2 over merged pages, by the writer's clock", run_2},
	};

	return all;
}

} /* namespace ksm */
