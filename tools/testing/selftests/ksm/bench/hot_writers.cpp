// SPDX-License-Identifier: GPL-2.0
/*
 * What two threads lose that write to all their pages without end: ksmd can merge none
 * of them, so whatever looking at them costs the writers is a loss.
 */
#include <atomic>
#include <cstring>
#include <sstream>
#include <string>
#include <thread>

#include <sys/sysinfo.h>
#include <unistd.h>

#include "bench/scenario.hpp"
#include "bench/turns.hpp"
#include "bench/workload.hpp"

namespace ksm
{

namespace
{

/* Each byte of these pages gets a new value at each round, while this lives. */
class writer
{
public:
	writer(const region &memory, std::size_t from, std::size_t to)
		: thread_([=, this, &memory] { write(memory, from, to); })
	{
	}
	~writer()
	{
		done_ = true;
		thread_.join();
	}
	writer(const writer &) = delete;
	writer &operator=(const writer &) = delete;

	std::uint64_t written() const { return written_; }

private:
	void write(const region &memory, std::size_t from, std::size_t to)
	{
		for (std::uint64_t round = 0; !done_; round++) {
			for (std::size_t i = from; i < to; i++)
				std::memset(memory.page(i), int(round % 256), page_size);
			written_ += to - from;
		}
	}

	std::atomic<bool> done_ = false;
	std::atomic<std::uint64_t> written_ = 0;
	std::thread thread_;
};

/* Of all CPUs; 0 where the machine has no such interrupt. */
std::uint64_t tlb_shootdowns()
{
	std::istringstream lines(read_text("/proc/interrupts"));
	std::string line, name;

	while (std::getline(lines, line)) {
		std::istringstream words(line);
		std::uint64_t sum = 0, of_a_cpu;

		if (!(words >> name) || name != "TLB:")
			continue;
		while (words >> of_a_cpu)
			sum += of_a_cpu;
		return sum;
	}
	return 0;
}

struct turn {
	double written_per_second, shootdowns_per_second, ksmd_percent;
};

turn take_turn(const writer &one, const writer &other)
{
	std::uint64_t written = one.written() + other.written(), shootdowns = tlb_shootdowns();
	stretch time;

	usleep(turn_ns / 1000);
	double seconds = double(time.wall_ns()) / 1e9;

	return {double(one.written() + other.written() - written) / seconds,
		double(tlb_shootdowns() - shootdowns) / seconds, time.percent()};
}

void set_flat_out()
{
	set_knob("pages_to_scan", 1000);
	set_knob("sleep_millisecs", 0L);
}

} /* namespace */

cost hot_writers(const bench_options &options)
{
	if (get_nprocs() < 2)
		throw not_here("one CPU only: the writers would take turns");
	region memory(options.pages);
	std::vector<turn> stopped, at_boot, flat_out;
	cost result;

	fill_with_unique(memory);
	memory.mergeable();
	set_knob("smart_scan", 1);
	writer one(memory, 0, memory.pages() / 2),
		other(memory, memory.pages() / 2, memory.pages());

	/* Nothing of this memory is new to ksmd. */
	set_flat_out();
	scan(6);
	for (unsigned i = 0; i < turns; i++) {
		stopped.push_back(take_turn(one, other));
		long passes = knob("full_scans");
		std::uint64_t before = ksmd_cpu_ns();

		set_as_at_boot();
		start_ksmd();
		at_boot.push_back(take_turn(one, other));
		set_flat_out();
		flat_out.push_back(take_turn(one, other));
		stop_ksmd();
		result.total_ns += ksmd_cpu_ns() - before;
		result.passes += unsigned(knob("full_scans") - passes);
	}
	result.page_visits = std::max<std::size_t>(result.passes * memory.pages(), 1);
	result.after = counters::read();
	const std::pair<std::string, const std::vector<turn> *> modes[] = {
		{"stopped", &stopped}, {"at_boot", &at_boot}, {"flat_out", &flat_out}};

	for (const auto &[mode, of] : modes) {
		double written = median(*of, &turn::written_per_second);

		result.figures.push_back({mode + "_written_per_s", written});
		result.figures.push_back(
			{mode + "_kept_percent",
			 100 * written / median(stopped, &turn::written_per_second)});
		result.figures.push_back({mode + "_tlb_shootdowns_per_s",
					  median(*of, &turn::shootdowns_per_second)});
		result.figures.push_back(
			{mode + "_ksmd_cpu_percent", median(*of, &turn::ksmd_percent)});
	}
	return result;
}

} /* namespace ksm */
