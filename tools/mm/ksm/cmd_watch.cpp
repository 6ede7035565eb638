// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"

#include <cerrno>
#include <csignal>

#include "format.hpp"
#include "lib/json.hpp"
#include "output.hpp"
#include "sample.hpp"

namespace ksm
{
namespace
{

using std::chrono::steady_clock;

constexpr unsigned long rows_per_heading = 20;
constexpr double most = 0.9;

/* Blocked, so that they arrive in wait_until() only and a row is never cut. */
class stop_signals
{
public:
	stop_signals()
	{
		sigemptyset(&set_);
		sigaddset(&set_, SIGINT);
		sigaddset(&set_, SIGTERM);
		sigprocmask(SIG_BLOCK, &set_, nullptr);
	}

	/* True if it is time to stop. */
	bool wait_until(steady_clock::time_point deadline) const
	{
		for (;;) {
			const auto left = deadline - steady_clock::now();
			const auto ns = std::chrono::nanoseconds(left).count();
			const timespec wait = {ns / 1'000'000'000, ns % 1'000'000'000};

			if (ns <= 0)
				return false;
			if (sigtimedwait(&set_, nullptr, &wait) > 0)
				return true;
			if (errno != EINTR)
				return false;
		}
	}

private:
	sigset_t set_;
};

void print_heading()
{
	fmt::print("{:>8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>10} {:>6} {:>7}\n", "seconds", "shared",
		   "sharing", "unshared", "volatile", "zero", "saved MiB", "scans", "ksmd %");
}

void print_row(double seconds, const sample &s, std::optional<double> cpu)
{
	fmt::print("{:>8.1f} {:>9} {:>9} {:>9} {:>9} {:>9} {:>10.1f} {:>6} {:>7}\n", seconds,
		   s.shared, s.sharing, s.unshared, s.volatile_pages, s.zero_pages, s.saved_mib(),
		   s.full_scans, cpu ? fmt::format("{:.1f}", *cpu) : "-");
}

void print_json_row(double seconds, const sample &s, std::optional<double> cpu)
{
	const json row = {
		{"seconds", seconds},
		{"pages_shared", s.shared},
		{"pages_sharing", s.sharing},
		{"pages_unshared", s.unshared},
		{"pages_volatile", s.volatile_pages},
		{"ksm_zero_pages", s.zero_pages},
		{"saved_bytes", s.saved_bytes},
		{"full_scans", s.full_scans},
		{"ksmd_cpu_percent", cpu ? json(*cpu) : json()},
	};

	fmt::print("{}\n", row.dump());
}

void print_summary(const course &course)
{
	const sample &peak = course.peak();
	const auto cpu = course.cpu_seconds();

	if (peak.saved_bytes) {
		fmt::print("peak: {} shared, {} sharing, {} zero, {:.1f} MiB saved, "
			   "after {:.1f} s; {:.0f} % of it after {:.1f} s\n",
			   peak.shared, peak.sharing, peak.zero_pages, peak.saved_mib(),
			   course.seconds(peak), 100 * most, course.seconds_until(most));
	} else {
		fmt::print("peak: nothing was merged\n");
	}
	fmt::print("ksmd: {} s of CPU in {:.1f} s, {} full scans\n",
		   cpu ? fmt::format("{:.2f}", *cpu) : "unknown", course.wall_seconds(),
		   course.full_scans());
}

void print_json_summary(const course &course)
{
	const sample &peak = course.peak();
	const auto cpu = course.cpu_seconds();
	const json summary = {
		{"peak_pages_shared", peak.shared},
		{"peak_pages_sharing", peak.sharing},
		{"peak_ksm_zero_pages", peak.zero_pages},
		{"peak_saved_bytes", peak.saved_bytes},
		{"peak_after_seconds", course.seconds(peak)},
		{"most_of_peak_after_seconds", course.seconds_until(most)},
		{"most_of_peak_part", most},
		{"ksmd_cpu_seconds", cpu ? json(*cpu) : json()},
		{"wall_seconds", course.wall_seconds()},
		{"full_scans", course.full_scans()},
	};

	fmt::print("{}\n", json{{"summary", summary}}.dump());
}

} /* namespace */

int watch(const knobs &knobs, const ksmd &ksmd, const watch_options &options)
{
	const stop_signals stop;
	const auto interval = std::chrono::duration_cast<steady_clock::duration>(
		std::chrono::duration<double>(options.interval));
	sample before = take_sample(knobs, ksmd);
	course course(before);
	auto next = before.when + interval;

	for (unsigned long row = 0; !options.count || row < options.count; row++) {
		const bool stopped = stop.wait_until(next);
		const sample now = take_sample(knobs, ksmd);
		const auto cpu = cpu_percent(before, now);

		course.add(now);
		if (stopped)
			break;
		if (options.json) {
			print_json_row(course.seconds(now), now, cpu);
		} else {
			if (row % rows_per_heading == 0)
				print_heading();
			print_row(course.seconds(now), now, cpu);
		}
		flush_output();
		before = now;
		/* A machine that was asleep owes no rows for that time. */
		next = std::max(next + interval, now.when);
	}

	if (options.json)
		print_json_summary(course);
	else
		print_summary(course);
	return 0;
}

} /* namespace ksm */
