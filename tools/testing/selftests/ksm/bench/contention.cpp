// SPDX-License-Identifier: GPL-2.0
/*
 * What a program loses that maps, faults, unmaps and forks all the time while ksmd
 * goes over its memory flat out. By the wall clock; medians of turns with ksmd off,
 * with another program busy on the other CPU instead, and with ksmd on, so that all
 * meet the same machine. Where the CPUs are emulated, a busy one alone slows down the
 * other: it is the second that tells what is due to ksmd.
 */
#include <algorithm>
#include <csignal>
#include <stdexcept>
#include <string>
#include <utility>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/scenario.h"
#include "bench/workload.h"

namespace ksm
{

namespace
{

constexpr std::uint64_t turn_ns = 3000000000;
constexpr unsigned turns = 7; /* of each kind */

/* One operation; a fork is one, too, and rare enough not to reach the 99th percent. */
void operate(std::size_t number)
{
	constexpr std::size_t pages = 32, forks_one_in = 200;

	if (number % forks_one_in == 0) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid < 0 || waitpid(pid, nullptr, 0) != pid)
			throw std::runtime_error("fork");
		return;
	}
	void *data = mmap(nullptr, pages * page_size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (data == MAP_FAILED)
		throw std::runtime_error("mmap");
	for (std::size_t i = 0; i < pages; i++)
		static_cast<volatile char *>(data)[i * page_size] = 1;
	munmap(data, pages * page_size);
}

/* A process that only spins, with ksmd's priority, while it is not stopped. */
class spinner
{
public:
	spinner() : pid_(fork())
	{
		if (pid_ < 0)
			throw std::runtime_error("fork");
		if (pid_ == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			setpriority(PRIO_PROCESS, 0, 5);
			for (;;)
				asm volatile("");
		}
		stop();
	}
	~spinner()
	{
		kill(pid_, SIGKILL);
		waitpid(pid_, nullptr, 0);
	}
	spinner(const spinner &) = delete;
	spinner &operator=(const spinner &) = delete;

	void go() const { kill(pid_, SIGCONT); }
	void stop() const { kill(pid_, SIGSTOP); }

private:
	pid_t pid_;
};

struct turn {
	double per_second, p50_us, p99_us, max_us;
};

turn take_turn()
{
	std::vector<double> latencies;
	std::uint64_t start = now_ns(), now = start;

	for (std::size_t number = 1; now - start < turn_ns; number++) {
		std::uint64_t before = now;

		operate(number);
		now = now_ns();
		latencies.push_back(double(now - before) / 1000);
	}
	std::sort(latencies.begin(), latencies.end());
	return {double(latencies.size()) * 1e9 / double(now - start),
		latencies[latencies.size() / 2], latencies[latencies.size() * 99 / 100],
		latencies.back()};
}

double median(const std::vector<turn> &of, double turn::*what)
{
	std::vector<double> values;

	for (const turn &each : of)
		values.push_back(each.*what);
	std::sort(values.begin(), values.end());
	return values[values.size() / 2];
}

} /* namespace */

cost contention(const bench_options &options)
{
	if (get_nprocs() < 2)
		throw not_here("one CPU only: ksmd would take its time away, too");
	region memory(options.pages);
	std::vector<turn> off, busy, on;
	spinner other; /* before there is much to inherit */
	cost result;

	fill_with_unique(memory);
	memory.mergeable();
	set_knob("pages_to_scan", 1000);
	set_knob("sleep_millisecs", 0L);
	scan(6);
	/* The first turn only warms up. */
	take_turn();
	for (unsigned i = 0; i < turns; i++) {
		off.push_back(take_turn());
		other.go();
		busy.push_back(take_turn());
		other.stop();
		long passes = knob("full_scans");
		std::uint64_t before = ksmd_cpu_ns();

		start_ksmd();
		on.push_back(take_turn());
		stop_ksmd();
		result.total_ns += ksmd_cpu_ns() - before;
		result.passes += unsigned(knob("full_scans") - passes);
	}
	result.page_visits = std::max<std::size_t>(result.passes * memory.pages(), 1);
	result.after = counters::read();
	const std::pair<std::string, const std::vector<turn> *> modes[] = {
		{"off", &off}, {"busy", &busy}, {"on", &on}};
	const std::pair<std::string, double turn::*> figures[] = {{"_per_s", &turn::per_second},
								  {"_p50_us", &turn::p50_us},
								  {"_p99_us", &turn::p99_us},
								  {"_max_us", &turn::max_us}};

	result.figures.push_back(
		{"ksmd_cpu_percent", 100.0 * double(result.total_ns) / double(turns * turn_ns)});
	for (const auto &[what, figure] : figures)
		for (const auto &[mode, turns_of] : modes)
			result.figures.push_back({mode + what, median(*turns_of, figure)});
	for (const auto &[mode, turns_of] : {modes[0], modes[1]}) {
		result.figures.push_back({"on_to_" + mode + "_percent",
					  100.0 * median(on, &turn::per_second) /
						  median(*turns_of, &turn::per_second)});
		result.figures.push_back(
			{"on_to_" + mode + "_p99",
			 median(on, &turn::p99_us) / median(*turns_of, &turn::p99_us)});
	}
	return result;
}

} /* namespace ksm */
