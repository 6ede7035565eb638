// SPDX-License-Identifier: GPL-2.0
#include "support/passes.hpp"

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>

#include <sched.h>

#include "support/limits.hpp"
#include "support/process.hpp"
#include "support/sysfs.hpp"

namespace ksm
{

namespace
{

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

bool yielding;

template <class condition> void wait_until(condition done, const std::string &what)
{
	auto limit = clock::now() + hang_limit();

	while (!done()) {
		if (clock::now() > limit)
			throw std::runtime_error(what + ": nothing for " +
						 std::to_string(hang_limit().count()) +
						 " s, full_scans " + knob_text("full_scans") +
						 ", run " + knob_text("run"));
		if (yielding)
			sched_yield();
		else
			std::this_thread::sleep_for(milliseconds(1));
	}
}

void await_scan_number(long target)
{
	wait_until([=] { return knob("full_scans") >= target; },
		   "waiting for full_scans " + std::to_string(target));
}

} /* namespace */

void yield_to_ksmd()
{
	const struct sched_param none = {};

	if (sched_setscheduler(0, SCHED_IDLE, &none))
		throw std::runtime_error("cannot become SCHED_IDLE");
	yielding = true;
}

void start_ksmd()
{
	set_knob("run", 1);
}

void stop_ksmd()
{
	set_knob("run", 0L);
}

void unmerge_all()
{
	set_knob("run", 2);
}

void await_scans(unsigned more)
{
	await_scan_number(knob("full_scans") + long(more));
}

void start_ksmd_for(unsigned passes)
{
	long before = knob("full_scans");

	start_ksmd();
	await_scan_number(before + long(passes));
}

void await_nothing_merged()
{
	wait_until([] { return knob("pages_shared") == 0; }, "waiting until nothing is merged");
}

void await_nothing_tracked()
{
	wait_until([] { return counters::read().tracked() == smaps_ksm_pages(0); },
		   "waiting until nothing is tracked, " +
			   std::to_string(counters::read().tracked()) + " pages at first");
}

void scan(unsigned passes)
{
	long before = knob("full_scans");
	/*
	 * Stopped within a pass, the cursor goes on where it stood: the first
	 * count to come is of a pass that is not complete. Only after run=2,
	 * which sets full_scans to 0, does it stand at the beginning.
	 */
	long incomplete = before == 0 ? 0 : 1;

	start_ksmd();
	await_scan_number(before + incomplete + long(passes));
	stop_ksmd();
}

stepper::stepper() : period_(1000L * 1000 * 1000)
{
	set_knob("sleep_millisecs", period_);
	set_knob("pages_to_scan", 100L * 1000 * 1000);
}

stepper::~stepper()
{
	try_knob("run", "0");
	try_knob("sleep_millisecs", "0");
}

void stepper::pass()
{
	long target = knob("full_scans") + 1;
	auto passed = [=] { return knob("full_scans") >= target; };

	if (!started_) {
		started_ = true;
		start_ksmd();
	} else {
		set_knob("sleep_millisecs", period_ ^= 1);
	}
	wait_until(
		[&] {
			/* A batch that ended within the pass needs another one. */
			if (!passed() && ksmd_asleep() && !passed())
				set_knob("sleep_millisecs", period_ ^= 1);
			return passed() && ksmd_asleep();
		},
		"waiting for one pass of ksmd");
}

int ksmd_pid()
{
	static int found;

	if (found)
		return found;
	for (const auto &entry : std::filesystem::directory_iterator("/proc")) {
		std::string name = entry.path().filename();

		if (name.find_first_not_of("0123456789") != std::string::npos)
			continue;
		try {
			if (read_text("/proc/" + name + "/comm") == "ksmd")
				found = std::stoi(name);
		} catch (const std::exception &) {
			continue; /* that process is gone */
		}
	}
	return found;
}

unsigned long long ksmd_cpu_ns()
{
	return std::stoull(read_text("/proc/" + std::to_string(ksmd_pid()) + "/schedstat"));
}

bool ksmd_asleep()
{
	std::string stat = read_text("/proc/" + std::to_string(ksmd_pid()) + "/stat");
	char state = stat.at(stat.rfind(')') + 2);

	return state == 'S' || state == 'I';
}

} /* namespace ksm */
