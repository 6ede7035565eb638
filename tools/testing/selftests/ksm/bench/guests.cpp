// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of a virtual machine, which writes past the page tables of its process: what ksmd
 * spends on it, and what the machine is disturbed.
 */
#include <string>

#include "bench/scenario.hpp"
#include "bench/workload.hpp"
#include "support/vm.hpp"

namespace ksm
{

namespace
{

/* What KVM has counted. */
struct kvm_counts {
	std::uint64_t exits;
	std::uint64_t flushes;
};

/*
 * A machine with so many pages, each of which it has written to once. In a process of its
 * own, as a kernel may not forget that there was such a machine.
 */
class guest_process
{
public:
	guest_process(std::size_t pages, void (*fill)(const region &),
		      region::pages_are kind = region::pages_are::small, bool mapped = true)
		: process_([=](parent_link &parent) { run(parent, pages, fill, kind, mapped); })
	{
		process_.await("written");
	}

	/* Writes again to as many pages as an eighth, all over its memory. */
	kvm_counts write_again()
	{
		process_.go_on("written");
		std::uint64_t exits = process_.await("exits"), flushes = process_.await("flushes");

		process_.await("written");
		return {exits, flushes};
	}

private:
	static void run(parent_link &parent, std::size_t pages, void (*fill)(const region &),
			region::pages_are kind, bool mapped)
	{
		region memory(pages, kind);

		fill(memory);
		memory.mergeable();
		vm machine(memory);
		std::uint32_t value = 0;

		/* The same in all pages, so that equal ones are equal still. */
		machine.write(vm::memory_address, std::uint32_t(pages), page_size, value);
		if (!mapped)
			memory.unmap_from_guests();
		for (;;) {
			parent.reach("written");
			machine.write(vm::memory_address, std::uint32_t(pages / 8), 8 * page_size,
				      ++value);
			parent.tell("exits", machine.cpu_statistic("exits"));
			parent.tell("flushes", machine.statistic("remote_tlb_flush_requests"));
		}
	}

	child process_;
};

void require_kvm()
{
	if (std::string reason = why_no_vm(); !reason.empty())
		throw not_here(reason);
}

} /* namespace */

cost settled_guest(const bench_options &options)
{
	require_kvm();
	guest_process guest(options.pages, fill_with_unique);

	return measure_settled(options, options.pages);
}

cost settled_guest_huge(const bench_options &options)
{
	require_kvm();
	guest_process guest(options.pages, fill_with_unique, region::pages_are::huge);

	return measure_settled(options, options.pages);
}

/* As after the split of a huge page, of which the guest then uses little. */
cost settled_guest_unmapped(const bench_options &options)
{
	require_kvm();
	guest_process guest(options.pages, fill_with_unique, region::pages_are::small, false);

	return measure_settled(options, options.pages);
}

cost index_guest(const bench_options &options)
{
	require_kvm();
	guest_process guest(options.pages, fill_with_unique);
	stepper ksmd;
	cost result;

	ksmd.pass();
	pass_until(ksmd, result, "pages_unshared", long(options.pages));
	result.page_visits = options.pages;
	return result;
}

cost pairs_guest_until_merged(const bench_options &options)
{
	require_kvm();
	guest_process guest(options.pages, fill_with_pairs);
	stepper ksmd;
	cost result;

	pass_until(ksmd, result, "pages_sharing", long(options.pages / 2));
	result.page_visits = options.pages;
	return result;
}

cost guest_exits(const bench_options &options)
{
	require_kvm();
	guest_process guest(options.pages, fill_with_unique);
	unsigned passes = passes_of(options, 10);
	stepper ksmd;
	cost result;

	for (int pass = 0; pass < 6; pass++)
		ksmd.pass();
	kvm_counts start = guest.write_again(), before = start;

	for (unsigned pass = 0; pass < passes; pass++)
		before = guest.write_again();
	kvm_counts alone = {before.exits - start.exits, before.flushes - start.flushes};
	kvm_counts after = before;

	for (unsigned pass = 0; pass < passes; pass++) {
		measure_pass(ksmd, result);
		after = guest.write_again();
	}
	result.page_visits = passes * options.pages;
	result.after = counters::read();
	result.figures = {
		{"exits_without_ksmd", double(alone.exits) / passes},
		{"exits_per_pass", double(after.exits - before.exits) / passes},
		{"tlb_flush_requests_without_ksmd", double(alone.flushes) / passes},
		{"tlb_flush_requests_per_pass", double(after.flushes - before.flushes) / passes},
	};
	return result;
}

} /* namespace ksm */
