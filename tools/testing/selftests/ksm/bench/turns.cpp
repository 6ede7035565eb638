// SPDX-License-Identifier: GPL-2.0
#include "bench/turns.hpp"

#include <csignal>
#include <stdexcept>
#include <string>
#include <utility>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/workload.hpp"

namespace ksm
{

namespace
{

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

turn take_turn(const std::function<void(std::size_t)> &operate)
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

} /* namespace */

cost beside_ksmd(const std::function<void(std::size_t)> &operate)
{
	std::vector<turn> off, busy, on;
	spinner other;
	cost result;

	/* The first turn only warms up. */
	take_turn(operate);
	for (unsigned i = 0; i < turns; i++) {
		off.push_back(take_turn(operate));
		other.go();
		busy.push_back(take_turn(operate));
		other.stop();
		long passes = knob("full_scans");
		std::uint64_t before = ksmd_cpu_ns();

		start_ksmd();
		on.push_back(take_turn(operate));
		stop_ksmd();
		result.total_ns += ksmd_cpu_ns() - before;
		result.passes += unsigned(knob("full_scans") - passes);
	}
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
		for (const auto &[what, figure] :
		     {std::pair("_p50", &turn::p50_us), std::pair("_p99", &turn::p99_us)})
			result.figures.push_back({"on_to_" + mode + what,
						  median(on, figure) / median(*turns_of, figure)});
	}
	return result;
}

} /* namespace ksm */
