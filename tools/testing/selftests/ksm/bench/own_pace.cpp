// SPDX-License-Identifier: GPL-2.0
/* ksmd at the pace that it has from boot on, and what it gets done by the clock. */
#include <algorithm>
#include <stdexcept>

#include <unistd.h>

#include "bench/scenario.hpp"
#include "bench/workload.hpp"
#include "support/child.hpp"

namespace ksm
{

namespace
{

constexpr std::uint64_t second_ns = 1000000000;

/* Looks once in each pause of ksmd until this holds. */
template <class condition> void await(condition done, const char *what)
{
	constexpr std::uint64_t most_ns = 3 * 3600 * second_ns;
	stretch so_far;

	while (!done()) {
		if (so_far.wall_ns() > most_ns)
			throw std::runtime_error(std::string("still waiting for ") + what);
		usleep(20000);
	}
}

void await_passes(long more)
{
	long target = knob("full_scans") + more;

	await([=] { return knob("full_scans") >= target; }, "passes of ksmd");
}

} /* namespace */

cost defaults(const bench_options &options)
{
	constexpr long passes = 8;
	region memory(options.pages), late(options.pages / 4);
	cost result;

	fill_with_unique(memory);
	memory.mergeable();
	set_knob("smart_scan", 1);
	{
		stepper ksmd;

		for (int pass = 0; pass < 12; pass++)
			ksmd.pass();
	}
	set_as_at_boot();
	start_ksmd();
	await_passes(1);

	stretch settled;

	await_passes(passes);
	result.total_ns = settled.cpu_ns();
	result.passes = passes;
	result.page_visits = passes * memory.pages();
	result.least_ns = result.most_ns = result.total_ns / passes;
	result.figures = {{"pass_s", double(settled.wall_ns()) / passes / second_ns},
			  {"settled_cpu_percent", settled.percent()}};

	fill_with_unique(late);
	late.mergeable();

	stretch merging;
	long wanted = long(late.pages() * 9 / 10);

	await([=] { return knob("pages_sharing") >= wanted; }, "duplicates to merge");
	result.figures.push_back({"until_merged_s", double(merging.wall_ns()) / second_ns});
	result.figures.push_back({"until_merged_cpu_s", double(merging.cpu_ns()) / second_ns});
	result.figures.push_back({"until_merged_cpu_percent", merging.percent()});
	stop_ksmd();
	result.after = counters::read();
	return result;
}

cost budget(const bench_options &options)
{
	region memory(options.pages);
	long wanted = long(fill_with_mix(memory) * 9 / 10);
	cost result;

	memory.mergeable();
	set_as_at_boot();
	stretch all;

	start_ksmd();
	await(
		[&] {
			long merged = knob("pages_sharing");

			if (result.series.empty() || merged != result.series.back().merged)
				result.series.push_back({all.cpu_ns(), merged});
			return merged >= wanted;
		},
		"the mix to merge");
	result.total_ns = result.least_ns = result.most_ns = all.cpu_ns();
	result.passes = unsigned(knob("full_scans") + 1);
	result.page_visits = memory.pages();
	result.figures = {{"until_merged_s", double(all.wall_ns()) / second_ns},
			  {"until_merged_cpu_s", double(all.cpu_ns()) / second_ns}};
	stop_ksmd();
	result.after = counters::read();
	return result;
}

/* Seconds until a process that offers so many pages, equal by twos, is merged. */
static double until_merged(std::size_t pages)
{
	long wanted = knob("pages_sharing") + long(pages * 9 / 20);
	child newcomer([=](parent_link &parent) {
		region memory(pages);

		fill_with_pairs(memory);
		memory.mergeable();
		parent.reach("offered");
	});

	newcomer.await("offered");
	stretch merging;

	await([=] { return knob("pages_sharing") >= wanted; }, "duplicates to merge");
	double seconds = double(merging.wall_ns()) / second_ns;

	newcomer.go_on("offered");
	newcomer.join();
	return seconds;
}

cost new_guest_late(const bench_options &options)
{
	region memory(options.pages);
	std::size_t late = options.pages / 64;
	cost result;

	set_as_at_boot();
	start_ksmd();
	double alone = until_merged(late);

	stop_ksmd();
	fill_with_unique(memory);
	memory.mergeable();
	{
		stepper ksmd;

		for (int pass = 0; pass < 3; pass++)
			ksmd.pass();
	}
	set_as_at_boot();
	start_ksmd();
	await_passes(1);
	sleep(2);
	stretch all;
	double beside = until_merged(late);

	result.total_ns = result.least_ns = result.most_ns = all.cpu_ns();
	result.passes = 1;
	result.page_visits = late;
	result.figures = {{"alone_s", alone},
			  {"beside_s", beside},
			  {"pass_s", double(knob("full_scan_msecs")) / 1000}};
	stop_ksmd();
	result.after = counters::read();
	return result;
}

cost idle(const bench_options &options)
{
	constexpr unsigned seconds = 10;
	static const struct {
		long pages_to_scan, sleep_millisecs;
	} paces[] = {{100, 20}, {100, 500}, {1250, 10}, {10000, 1}};
	region equal(options.pages), unique(options.pages);
	cost result;

	fill_with_pairs(equal);
	fill_with_unique(unique);
	equal.mergeable();
	unique.mergeable();
	{
		stepper ksmd;

		for (int pass = 0; pass < 12; pass++)
			ksmd.pass();
	}
	set_as_at_boot();
	for (const auto &[pages_to_scan, sleep_millisecs] : paces) {
		std::string name = std::to_string(pages_to_scan) + "/" +
				   std::to_string(sleep_millisecs) + "_ms_cpu";

		set_knob("pages_to_scan", pages_to_scan);
		set_knob("sleep_millisecs", sleep_millisecs);
		start_ksmd();
		stretch all;

		sleep(seconds);
		result.figures.push_back({name, double(all.cpu_ns()) / 1e6});
		result.total_ns += all.cpu_ns();
		stop_ksmd();
	}
	result.least_ns = result.most_ns = result.total_ns;
	result.passes = 1;
	result.page_visits = equal.pages() + unique.pages();
	result.after = counters::read();
	return result;
}

} /* namespace ksm */
