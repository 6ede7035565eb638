/* SPDX-License-Identifier: GPL-2.0 */
/* What 'explain' judges: KSM at two moments, and the machine around it. */
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/proc/amounts.hpp"
#include "lib/proc/writers.hpp"

namespace ksm
{

class knobs;
class ksmd;

/*
 * One moment. Nothing is known of what this kernel does not have, or does not show to us, and
 * of the depths of the trees, which take a while to find out.
 */
struct look {
	std::chrono::steady_clock::time_point when;
	std::map<std::string, std::string> knobs; /* those with choices: the one in force */
	amounts counters;
	amounts events; /* of /proc/vmstat */
	std::optional<std::chrono::nanoseconds> ksmd_cpu;

	std::string word(const std::string &knob) const;
	std::optional<std::int64_t> number(const std::string &knob) const;
	std::optional<std::int64_t> counter(const std::string &name) const;

	/* The sum, nothing if one of them is hidden. */
	std::optional<std::int64_t> merged_pages() const;
	std::optional<std::int64_t> known_pages() const;
	std::optional<std::int64_t> saved_bytes() const;
};

struct view {
	look before;
	look now;
	amounts memory; /* of /proc/meminfo, in bytes */
	std::vector<writer> writers;

	double seconds() const;
	bool running() const { return now.number("run") == 1; }

	/* What KSM uses for itself. */
	std::optional<std::int64_t> cost_bytes() const;

	/* MemAvailable and SwapFree together. */
	std::optional<std::int64_t> available_bytes() const;

	/* Of ksmd, in percent of one CPU. */
	std::optional<double> cpu_percent() const;

	/* How often an event of /proc/vmstat happened, per second. */
	std::optional<double> rate(const std::string &event) const;
};

look take_look(const knobs &knobs, const ksmd &ksmd, const std::string &proc);

/* Takes @seconds. */
view take_view(const knobs &knobs, const std::string &proc, double seconds);

} /* namespace ksm */
