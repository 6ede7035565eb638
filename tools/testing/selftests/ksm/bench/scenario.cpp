// SPDX-License-Identifier: GPL-2.0
/*
 * The rows of the benchmark, each as a small program: memory is laid out, ksmd is let
 * over it one pass at a time, and the CPU time of some of these passes is taken.
 * Under QEMU with -icount shift=0 one nanosecond is one instruction.
 */
#include "bench/scenario.hpp"

#include <algorithm>
#include <stdexcept>

#include <sys/mman.h>

#include "bench/workload.hpp"
#include "support/process.hpp"
#include "support/vm.hpp"

namespace ksm
{

namespace
{

cost settled(const bench_options &options, void (*fill)(const region &))
{
	region memory(options.pages);

	fill(memory);
	memory.mergeable();
	return measure_settled(options, memory.pages());
}

cost settled_unique(const bench_options &options)
{
	return settled(options, fill_with_unique);
}

/* smart_scan lets the old engine look away from such pages for up to 8 passes. */
cost settled_smart(const bench_options &options)
{
	bench_options smart = options;

	smart.smart_scan = true;
	set_knob("smart_scan", 1);
	return settled(smart, fill_with_unique);
}

cost settled_merged(const bench_options &options)
{
	return settled(options, fill_with_pairs);
}

cost settled_tail(const bench_options &options)
{
	return settled(options, fill_with_tails);
}

/*
 * Memory that a virtual machine might write to without a trace that ksmd may use: its
 * dirty log is on. In a process of its own, as a kernel may not forget that there was
 * such a machine.
 */
cost settled_sampled(const bench_options &options)
{
	if (std::string reason = why_no_vm(); !reason.empty())
		throw not_here(reason);
	sleepers other(1, [&](std::size_t) {
		static vm machine;
		regions memory;

		memory.push_back(std::make_unique<region>(options.pages));
		fill_with_unique(*memory.back());
		memory.back()->mergeable();
		machine.add_slot(vm::memory_slot, vm::memory_address, *memory.back());
		machine.log_dirty(vm::memory_slot, true);
		return memory;
	});

	return measure_settled(options, options.pages);
}

/* The pages are spread over so many processes, whose contents are the same. */
template <std::size_t count> cost settled_processes(const bench_options &options)
{
	std::size_t each = options.pages / count;
	sleepers others(count, [&](std::size_t) {
		regions memory;

		memory.push_back(std::make_unique<region>(each));
		memory.back()->fill_unique(first_seed);
		memory.back()->mergeable();
		return memory;
	});

	return measure_settled(options, count * each);
}

/* Processes with 50 mappings of one page each, as PR_SET_MEMORY_MERGE finds them. */
cost settled_small_vmas(const bench_options &options)
{
	constexpr std::size_t mappings = 50;
	std::size_t count = std::max<std::size_t>(options.pages / mappings, 1);
	sleepers others(count, [&](std::size_t process) {
		regions memory;

		set_merge(true);
		for (std::size_t i = 0; i < mappings; i++) {
			memory.push_back(std::make_unique<region>(1));
			memory.back()->fill(0, first_seed + process * mappings + i);
		}
		return memory;
	});

	return measure_settled(options, count * mappings);
}

/* A page in each 2 MiB, and nothing in between. */
cost settled_sparse(const bench_options &options)
{
	std::size_t bytes = options.pages * huge_size;
	void *data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (data == MAP_FAILED || madvise(data, bytes, MADV_NOHUGEPAGE) ||
	    madvise(data, bytes, MADV_MERGEABLE))
		throw std::runtime_error("no sparse memory");
	for (std::size_t i = 0; i < options.pages; i++)
		fill_page(static_cast<char *>(data) + i * huge_size, first_seed + i);

	cost result = measure_settled(options, options.pages);

	munmap(data, bytes);
	return result;
}

cost settled_huge(const bench_options &options)
{
	region memory(options.pages, region::pages_are::huge);

	fill_with_unique(memory);
	memory.mergeable();
	return measure_settled(options, memory.pages());
}

/* One certain pass over new memory, the first being number 1. */
cost early_pass(const bench_options &options, unsigned number, void (*fill)(const region &))
{
	cost result;
	unsigned rounds = passes_of(options, 3);

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

cost first_visit(const bench_options &options)
{
	return early_pass(options, 1, fill_with_unique);
}

cost index_unique(const bench_options &options)
{
	return early_pass(options, 2, fill_with_unique);
}

cost index_tail(const bench_options &options)
{
	return early_pass(options, 2, fill_with_tails);
}

/* One page of so many is written before each pass. */
cost rewritten(const bench_options &options, std::size_t one_in)
{
	region memory(options.pages);
	stepper ksmd;
	cost result;
	unsigned passes = passes_of(options, 5);

	fill_with_unique(memory);
	memory.mergeable();
	for (unsigned pass = 0; pass < 4 + passes; pass++) {
		for (std::size_t i = 0; i < memory.pages(); i += one_in)
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

cost rewritten_all(const bench_options &options)
{
	return rewritten(options, 1);
}

cost rewritten_half(const bench_options &options)
{
	return rewritten(options, 2);
}

/* All passes from new memory until everything is where it belongs. */
cost until_merged(const region &memory, void (*fill)(const region &), const char *counter,
		  long wanted)
{
	stepper ksmd;
	cost result;
	long before = knob(counter);

	fill(memory);
	memory.mergeable();
	pass_until(ksmd, result, counter, before + wanted);
	result.page_visits = memory.pages();
	return result;
}

cost pairs_until_merged(const bench_options &options)
{
	region memory(options.pages);

	return until_merged(memory, fill_with_pairs, "pages_sharing", long(options.pages / 2));
}

cost zero_until_merged(const bench_options &options)
{
	region memory(options.pages);

	set_knob("use_zero_pages", 1);
	return until_merged(memory, fill_with_zeroes, "ksm_zero_pages", long(options.pages));
}

cost huge_until_merged(const bench_options &options)
{
	region memory(options.pages, region::pages_are::huge);

	return until_merged(memory, fill_with_pairs, "pages_sharing", long(options.pages / 2));
}

/* Settled pages of which a half comes to be equal to the other half. */
cost late_until_merged(const bench_options &options)
{
	region memory(options.pages);
	std::size_t half = memory.pages() / 2;
	stepper ksmd;
	cost result;

	fill_with_unique(memory);
	memory.mergeable();
	for (int pass = 0; pass < 30; pass++)
		ksmd.pass();
	for (std::size_t i = 0; i < half; i++)
		memory.fill(half + i, first_seed + i);
	pass_until(ksmd, result, "pages_sharing", long(half));
	result.page_visits = half;
	return result;
}

/* New memory of which a tenth has duplicates. */
cost mix_until_merged(const bench_options &options)
{
	region memory(options.pages);
	stepper ksmd;
	cost result;
	std::size_t duplicates = fill_with_mix(memory);

	memory.mergeable();
	pass_until(ksmd, result, "pages_sharing", long(duplicates * 9 / 10));
	result.page_visits = memory.pages();
	return result;
}

cost break_cow(const bench_options &options)
{
	region memory(options.pages);

	merge_pairs(memory);
	return measure_wall(memory.pages(), [&] {
		for (std::size_t i = 0; i < memory.pages(); i++)
			memory.words(i)[0] = i;
	});
}

/* What break-cow is to be compared with: the same write after a plain fork. */
cost fork_copy(const bench_options &options)
{
	region memory(options.pages);

	fill_with_pairs(memory);
	sleepers other(1, [](std::size_t) { return regions(); });

	return measure_wall(memory.pages(), [&] {
		for (std::size_t i = 0; i < memory.pages(); i++)
			memory.words(i)[0] = i;
	});
}

cost run_2(const bench_options &options)
{
	region memory(options.pages);

	merge_pairs(memory);
	return measure_wall(memory.pages(), unmerge_all);
}

cost madv_unmergeable(const bench_options &options)
{
	region memory(options.pages);

	merge_pairs(memory);
	return measure_wall(memory.pages(), [&] { memory.unmergeable(); });
}

/*
 * Pages that are freed go back to the zones soon, and not in one go when the lists of
 * the CPU have become long: it is chance whom that meets.
 */
class short_page_lists
{
public:
	short_page_lists() : before_(read_text(knob_)) { write_text(knob_, "1000"); }
	~short_page_lists() { write_text(knob_, before_); }
	short_page_lists(const short_page_lists &) = delete;
	short_page_lists &operator=(const short_page_lists &) = delete;

private:
	const std::string knob_ = "/proc/sys/vm/percpu_pagelist_high_fraction";
	std::string before_;
};

/*
 * The end of a process whose pages are all merged, until ksmd has freed what it knew
 * of them: how much of that the end itself does is up to the kernel.
 */
cost exit_merged(const bench_options &options)
{
	short_page_lists lists;
	std::unique_ptr<sleepers> other = sleeper_of_merged_pairs(options.pages);

	cost result = measure_wall(options.pages, [&] { other.reset(); });
	std::uint64_t before = ksmd_clock_ns();

	/* With one CPU, what ksmd did until here is part of the wall clock's time. */
	set_knob("pages_to_scan", 1000);
	start_ksmd();
	await_nothing_tracked();
	stop_ksmd();
	std::uint64_t after_the_end = ksmd_clock_ns() - before;

	result.figures = {
		{"after_the_end_ns_per_page", double(after_the_end) / double(options.pages)}};
	result.total_ns += after_the_end;
	result.least_ns = result.most_ns = result.total_ns;
	result.after = counters::read();
	return result;
}

} /* namespace */

const std::vector<scenario> &scenarios()
{
	static const std::vector<scenario> all = {
		{"settled-unique", "pages of which no two are equal, not written to",
		 settled_unique},
		{"settled-smart", "the same with smart_scan on, over a period of it",
		 settled_smart},
		{"settled-merged", "pairs of equal pages, merged, not written to", settled_merged},
		{"settled-tail", "pages that differ in the last 8 bytes only", settled_tail},
		{"settled-sampled", "unique pages of a virtual machine whose dirty log is on",
		 settled_sampled},
		{"settled-processes-2", "two processes of equal content, merged",
		 settled_processes<2>},
		{"settled-processes-64", "64 processes of equal content, merged",
		 settled_processes<64>},
		{"settled-small-vmas", "processes with 50 mappings of one page each",
		 settled_small_vmas},
		{"settled-sparse", "a page in each 2 MiB, nothing in between", settled_sparse},
		{"settled-huge", "huge pages without duplicates", settled_huge},
		{"settled-guest", "unique pages of a guest, not written to", settled_guest},
		{"settled-guest-huge", "the same with huge pages behind the guest",
		 settled_guest_huge},
		{"settled-guest-unmapped", "the same where KVM maps no page any more",
		 settled_guest_unmapped},
		{"first-visit", "the first pass over new memory", first_visit},
		{"index-unique", "the second pass, over pages all different", index_unique},
		{"index-guest", "all passes over such pages of a guest after the first",
		 index_guest},
		{"index-tail", "the second pass, over pages different at the end", index_tail},
		{"rewritten", "pages written to before each visit", rewritten_all},
		{"rewritten-half", "every other page written to before each visit", rewritten_half},
		{"guest-exits", "a guest that writes to an eighth of its pages before each visit",
		 guest_exits},
		{"pairs-until-merged", "all passes over pairs until they are merged",
		 pairs_until_merged},
		{"pairs-guest-until-merged", "all passes over pairs of a guest until merged",
		 pairs_guest_until_merged},
		{"zero-until-merged", "all passes over empty pages, use_zero_pages on",
		 zero_until_merged},
		{"huge-until-merged", "all passes over pairs in huge pages", huge_until_merged},
		{"late-until-merged", "settled pages that come to be equal, until merged",
		 late_until_merged},
		{"mix-until-merged", "a tenth has duplicates, until 90 % of them are merged",
		 mix_until_merged},
		{"break-cow", "a write to a merged page, by the writer's clock", break_cow},
		{"fork-copy", "a write to a page shared by fork, to compare with that", fork_copy},
		{"run-2", "run=2 over merged pages, by the writer's clock", run_2},
		{"madv-unmergeable", "MADV_UNMERGEABLE over merged pages, by the caller's clock",
		 madv_unmergeable},
		{"exit-merged", "the end of a process of merged pages, ksmd's part included",
		 exit_merged},
		{"wait-run-2", "the longest wait of another thread while run=2 unmerges",
		 wait_run_2},
		{"wait-unmergeable", "the same while MADV_UNMERGEABLE does", wait_unmergeable},
		{"wait-exit", "the longest wait of a process while one of merged pages ends",
		 wait_exit, true},
		{"wait-ksmd",
		 "the longest waits for a CPU and a VMA beside very many tiles and nodes",
		 wait_ksmd, true},
		{"defaults", "all as at boot: settled pages, then a quarter of duplicates",
		 defaults, true},
		{"budget", "all as at boot: a mix, and what is merged for how much CPU time",
		 budget, true},
		{"new-guest-late",
		 "all as at boot: how soon a newcomer is merged, alone and beside settled pages",
		 new_guest_late, true},
		{"idle",
		 "settled pages, equal ones and unique ones, for 10 s at each of four paces", idle,
		 true},
		{"contention", "a program that maps and forks, with and without ksmd (2 CPUs)",
		 contention, true},
		{"hot-writers", "two threads that write all their pages without end (2 CPUs)",
		 hot_writers, true},
		{"launch-beside-ksmd", "programs launched one after the other (2 CPUs)",
		 launch_beside_ksmd, true},
		{"guest-faults", "a guest that faults in its memory, 64 pages at a time (2 CPUs)",
		 guest_faults, true},
	};

	return all;
}

} /* namespace ksm */
