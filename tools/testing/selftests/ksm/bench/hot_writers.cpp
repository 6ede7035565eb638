// SPDX-License-Identifier: GPL-2.0
/*
 * What two threads lose that write all of their memory without end, and what ksmd
 * uses for that: nothing of it can ever be merged. By the wall clock; medians of turns
 * with ksmd stopped, at the pace it has at boot, and flat out.
 */
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <sys/mman.h>
#include <sys/sysinfo.h>

#include "bench/scenario.h"
#include "bench/workload.h"

namespace ksm
{

namespace
{

constexpr unsigned turns = 3; /* of each kind */
constexpr std::chrono::seconds warm_up(2), turn(5);

struct mode {
	const char *name;
	long run, pages_to_scan, sleep_millisecs;
};

constexpr std::array<mode, 3> modes = {
	{{"off", 0, 100, 20}, {"defaults", 1, 100, 20}, {"flat_out", 1, 1000, 0}}};

/* TLB shootdowns of all CPUs since boot. */
double shootdowns()
{
	std::ifstream interrupts("/proc/interrupts");
	std::string line, name;

	while (std::getline(interrupts, line)) {
		std::istringstream words(line);
		double sum = 0;

		if (!(words >> name) || name != "TLB:")
			continue;
		for (double count; words >> count;)
			sum += count;
		return sum;
	}
	throw not_here("/proc/interrupts has no line TLB");
}

/* How many pages each of the threads has written. */
struct written {
	alignas(64) std::atomic<std::uint64_t> first;
	alignas(64) std::atomic<std::uint64_t> second;

	double pages() const { return double(first + second); }
};

void write_without_end(const region &memory, std::size_t from, std::atomic<std::uint64_t> &count)
{
	for (std::uint64_t value = 1;; value++)
		for (std::size_t i = from; i < memory.pages(); i += 2) {
			memory.words(i)[0] = value;
			count.fetch_add(1, std::memory_order_relaxed);
		}
}

double median(std::vector<double> values)
{
	std::sort(values.begin(), values.end());
	return values[values.size() / 2];
}

struct result {
	std::vector<double> per_second, shootdowns, cpu_percent;
};

} /* namespace */

cost hot_writers(const bench_options &options)
{
	if (get_nprocs() < 2)
		throw not_here("one CPU only: ksmd would take its time away, too");
	void *got = mmap(nullptr, sizeof(written), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (got == MAP_FAILED)
		throw std::runtime_error("mmap");
	auto *count = new (got) written;
	child writers([&](parent_link &parent) {
		region memory(options.pages);

		fill_with_unique(memory);
		memory.mergeable();
		parent.send();
		std::thread second([&] { write_without_end(memory, 1, count->second); });

		write_without_end(memory, 0, count->first);
	});
	std::array<result, modes.size()> results;
	cost sum;

	writers.arrived();
	set_knob("smart_scan", 1);
	for (unsigned i = 0; i < turns; i++)
		for (std::size_t k = 0; k < modes.size(); k++) {
			set_knob("pages_to_scan", modes[k].pages_to_scan);
			set_knob("sleep_millisecs", modes[k].sleep_millisecs);
			set_knob("run", modes[k].run);
			std::this_thread::sleep_for(warm_up);
			std::uint64_t from = now_ns(), cpu = ksmd_cpu_ns();
			double pages = count->pages(), flushes = shootdowns();

			std::this_thread::sleep_for(turn);
			cpu = ksmd_cpu_ns() - cpu;
			double ns = double(now_ns() - from);

			results[k].per_second.push_back((count->pages() - pages) * 1e9 / ns);
			results[k].shootdowns.push_back((shootdowns() - flushes) * 1e9 / ns);
			results[k].cpu_percent.push_back(100.0 * double(cpu) / ns);
			sum.total_ns += cpu;
		}
	stop_ksmd();
	writers.kill();
	munmap(got, sizeof(written));
	sum.passes = unsigned(knob("full_scans"));
	sum.page_visits = std::max<std::size_t>(sum.passes * options.pages, 1);
	sum.after = counters::read();
	double off = median(results[0].per_second);

	for (std::size_t k = 0; k < modes.size(); k++) {
		std::string name = modes[k].name;

		sum.figures.push_back({name + "_pages_per_s", median(results[k].per_second)});
		sum.figures.push_back({name + "_shootdowns_per_s", median(results[k].shootdowns)});
		if (k == 0)
			continue;
		sum.figures.push_back(
			{name + "_kept_percent", 100.0 * median(results[k].per_second) / off});
		sum.figures.push_back({name + "_ksmd_cpu_percent", median(results[k].cpu_percent)});
	}
	return sum;
}

} /* namespace ksm */
