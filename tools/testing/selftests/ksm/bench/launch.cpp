// SPDX-License-Identifier: GPL-2.0
/*
 * How long short programs take that are launched one after the other, all of their
 * memory offered to a ksmd that hardly pauses. By the wall clock, turn by turn with
 * ksmd stopped.
 */
#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/scenario.h"
#include "bench/workload.h"
#include "support/process.h"

namespace ksm
{

namespace
{

constexpr std::uint64_t turn_ns = 5000000000;
constexpr unsigned turns = 3; /* of each kind */
constexpr std::size_t touched = 1024;

void launch()
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		/* Stays on through exec */
		if (try_set_merge(true))
			_exit(1);
		execl("/proc/self/exe", "ksm_bench", "--launched", nullptr);
		_exit(1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		throw std::runtime_error("a program could not be launched");
}

/* Adds how many milliseconds each launch took. */
void take_turn(std::vector<double> &each)
{
	std::uint64_t start = now_ns(), now = start;

	while (now - start < turn_ns) {
		std::uint64_t before = now;

		launch();
		now = now_ns();
		each.push_back(double(now - before) / 1e6);
	}
}

double part(const std::vector<double> &sorted, std::size_t percent)
{
	return sorted[sorted.size() * percent / 100];
}

} /* namespace */

int launched()
{
	region own(touched);

	for (std::size_t i = 0; i < own.pages(); i++)
		own.words(i)[0] = i;
	return 0;
}

cost launch_beside_ksmd(const bench_options &)
{
	if (get_nprocs() < 2)
		throw not_here("one CPU only: ksmd would take its time away, too");
	if (try_set_merge(false))
		throw not_here("this kernel has no PR_SET_MEMORY_MERGE");
	std::vector<double> off, on, warm;
	cost sum;

	set_knob("pages_to_scan", sysconf(_SC_PHYS_PAGES) / 10);
	set_knob("sleep_millisecs", 1);
	take_turn(warm);
	for (unsigned i = 0; i < turns; i++) {
		take_turn(off);
		std::uint64_t before = ksmd_cpu_ns();

		start_ksmd();
		take_turn(on);
		stop_ksmd();
		sum.total_ns += ksmd_cpu_ns() - before;
	}
	sum.passes = unsigned(knob("full_scans"));
	sum.page_visits = std::max<std::size_t>(on.size() * touched, 1);
	sum.after = counters::read();
	std::sort(off.begin(), off.end());
	std::sort(on.begin(), on.end());
	for (std::size_t percent : {50, 99}) {
		std::string name = "_p" + std::to_string(percent);

		sum.figures.push_back({"off" + name + "_ms", part(off, percent)});
		sum.figures.push_back({"on" + name + "_ms", part(on, percent)});
		sum.figures.push_back({"on_to_off" + name, part(on, percent) / part(off, percent)});
	}
	sum.figures.push_back(
		{"ksmd_cpu_percent", 100.0 * double(sum.total_ns) / double(turns * turn_ns)});
	return sum;
}

} /* namespace ksm */
