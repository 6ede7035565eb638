// SPDX-License-Identifier: GPL-2.0
#include "bench/workload.hpp"

#include <algorithm>
#include <ctime>
#include <stdexcept>
#include <thread>

#include <sys/resource.h>
#include <unistd.h>

#include "bench/pass_times.hpp"

namespace ksm
{

namespace
{

bool by_wall;

/*
 * By the wall clock, such passes are too short to be timed one by one from outside, and
 * ksmd pauses between them.
 */
void time_settled(stepper &ksmd, unsigned least, cost &result)
{
	constexpr std::uint64_t least_ns = 20'000'000;
	pass_times times;
	pass_times::passes seen;

	while (seen.number < least || seen.total_ns < least_ns) {
		for (unsigned i = 0; i < least; i++)
			ksmd.pass();
		seen = times.seen();
	}
	result.passes = seen.number;
	result.total_ns = seen.total_ns;
	result.least_ns = seen.least_ns;
	result.most_ns = seen.most_ns;
	result.wall = true;
}

} /* namespace */

std::uint64_t now_ns()
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return std::uint64_t(time.tv_sec) * 1000000000u + std::uint64_t(time.tv_nsec);
}

void fill_with_unique(const region &memory)
{
	memory.fill_unique(first_seed);
}

void fill_with_pairs(const region &memory)
{
	std::size_t half = memory.pages() / 2;

	for (std::size_t i = 0; i < 2 * half; i++)
		memory.fill(i, first_seed + i % half);
}

void fill_with_tails(const region &memory)
{
	for (std::size_t i = 0; i < memory.pages(); i++) {
		memory.fill(i, first_seed);
		memory.words(i)[words_per_page - 1] = word_of(i, 0);
	}
}

void fill_with_zeroes(const region &memory)
{
	for (std::size_t i = 0; i < memory.pages(); i++) {
		memory.words(i)[0] = 1;
		memory.words(i)[0] = 0;
	}
}

std::size_t fill_with_mix(const region &memory)
{
	constexpr std::size_t cluster = 64;
	std::size_t clusters = memory.pages() / cluster;
	std::size_t pairs = clusters / 20; /* of clusters: a tenth of the pages */

	if (pairs == 0)
		throw std::runtime_error("takes 1280 pages at least");
	fill_with_unique(memory);
	for (std::size_t i = 0; i < pairs; i++) {
		/* Dense at first, and sparse towards the end. */
		std::size_t at =
			clusters / 2 + i + i * i * (clusters / 2 - pairs) / (pairs * pairs);

		for (std::size_t k = 0; k < cluster; k++)
			memory.fill(at * cluster + k, first_seed + i * cluster + k);
	}
	return pairs * cluster;
}

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

void set_as_at_boot()
{
	set_knob("pages_to_scan", 100);
	set_knob("sleep_millisecs", 20);
	set_knob("smart_scan", 1);
}

void time_ksmd_by_wall()
{
	if (std::thread::hardware_concurrency() > 1)
		throw std::runtime_error("with more than one CPU, --wall would time the waiting");
	yield_to_ksmd();
	by_wall = true;
}

std::uint64_t ksmd_clock_ns()
{
	return by_wall ? now_ns() : ksmd_cpu_ns();
}

void measure_pass(stepper &ksmd, cost &sum)
{
	std::uint64_t before = ksmd_clock_ns();

	ksmd.pass();
	std::uint64_t used = ksmd_clock_ns() - before;

	sum.total_ns += used;
	sum.least_ns = sum.passes ? std::min(sum.least_ns, used) : used;
	sum.most_ns = std::max(sum.most_ns, used);
	sum.passes++;
	sum.wall = by_wall;
}

unsigned passes_of(const bench_options &options, unsigned usual)
{
	return options.passes ? options.passes : usual;
}

cost measure_settled(const bench_options &options, std::size_t pages)
{
	cost result;
	/* The old engine's smart scan has a period of nine passes, ever longer at first. */
	unsigned warm_up = options.smart_scan ? 30 : 6;
	unsigned passes = passes_of(options, options.smart_scan ? 18 : 5);

	{
		stepper ksmd;

		for (unsigned i = 0; i < warm_up; i++)
			ksmd.pass();
		if (by_wall)
			time_settled(ksmd, passes, result);
		while (result.passes < passes)
			measure_pass(ksmd, result);
	}
	result.page_visits = result.passes * pages;
	result.after = counters::read();
	if (has_knob("metadata_bytes"))
		result.figures.push_back({"metadata_bytes_per_page",
					  double(knob("metadata_bytes")) / double(pages)});
	return result;
}

void pass_until(stepper &ksmd, cost &result, const char *counter, long wanted)
{
	constexpr unsigned most_passes = 40;

	for (;;) {
		long now = knob(counter);

		result.series.push_back({result.total_ns, now});
		if (now >= wanted)
			break;
		if (result.passes == most_passes)
			throw std::runtime_error(std::string(counter) + " has come to " +
						 knob_text(counter) + " only");
		measure_pass(ksmd, result);
	}
	result.after = counters::read();
}

cost measure_wall(std::size_t pages, const std::function<void()> &work)
{
	cost result;
	std::uint64_t before = now_ns();

	work();
	result.total_ns = result.least_ns = result.most_ns = now_ns() - before;
	result.wall = true;
	result.passes = 1;
	result.page_visits = pages;
	result.after = counters::read();
	return result;
}

sleepers::sleepers(std::size_t count, const std::function<regions(std::size_t)> &lay_out)
{
	/* Three pipes to each. */
	const struct rlimit files = {count * 4 + 64, count * 4 + 64};

	if (count > 200 && setrlimit(RLIMIT_NOFILE, &files))
		throw std::runtime_error("cannot have so many files open");
	for (std::size_t i = 0; i < count; i++) {
		processes_.push_back(std::make_unique<child>([&, i](parent_link &parent) {
			regions memory = lay_out(i);

			parent.reach("ready");
		}));
		processes_.back()->await("ready");
	}
}

sleepers::~sleepers()
{
	for (auto &each : processes_)
		each->kill();
}

std::unique_ptr<sleepers> sleeper_of_merged_pairs(std::size_t pages)
{
	auto process = std::make_unique<sleepers>(1, [=](std::size_t) {
		regions memory;

		memory.push_back(std::make_unique<region>(pages));
		fill_with_pairs(*memory.back());
		memory.back()->mergeable();
		return memory;
	});
	stepper ksmd;

	for (int pass = 0; pass < 6; pass++)
		ksmd.pass();
	return process;
}

} /* namespace ksm */
