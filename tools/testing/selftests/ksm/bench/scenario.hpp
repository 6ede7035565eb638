/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/sysfs.hpp"

namespace ksm
{

struct bench_options {
	std::size_t pages = 16384;
	unsigned passes = 0; /* 0: as many as suit the scenario */
	bool smart_scan = false;
	bool wall = false; /* time ksmd by the wall clock */
};

/* What was merged once ksmd had used so much CPU time. */
struct progress {
	std::uint64_t ns;
	long merged;
};

/* Something else that is worth telling; its name ends with the unit. */
struct figure {
	std::string name;
	double value;
};

/* Thrown where this machine or kernel lacks what a scenario is about. */
class not_here : public std::runtime_error
{
public:
	using std::runtime_error::runtime_error;
};

/* What some work on some pages has cost. */
struct cost {
	std::uint64_t total_ns = 0;
	std::uint64_t least_ns = 0; /* of one pass */
	std::uint64_t most_ns = 0;
	unsigned passes = 0;
	std::size_t page_visits = 0; /* what total_ns is to be divided by */
	bool wall = false;	     /* by the wall clock, not CPU time of ksmd */
	counters after = {};
	std::vector<progress> series = {};
	std::vector<figure> figures = {};

	double per_page() const { return double(total_ns) / double(page_visits); }
};

struct scenario {
	const char *name;
	const char *what;
	cost (*run)(const bench_options &options);
	bool alone = false; /* long, or not steady to the instruction: only if it is named */
};

const std::vector<scenario> &scenarios();

/* own_pace.cpp: ksmd as it is set at boot. */
cost defaults(const bench_options &options);
cost budget(const bench_options &options);
cost new_guest_late(const bench_options &options);
cost idle(const bench_options &options);

/* waiting.cpp: how long locks are held, as others see it. */
cost wait_run_2(const bench_options &options);
cost wait_unmergeable(const bench_options &options);
cost wait_exit(const bench_options &options);
cost wait_ksmd(const bench_options &options);

/* contention.cpp */
cost contention(const bench_options &options);
cost launch_beside_ksmd(const bench_options &options);
cost guest_faults(const bench_options &options);

/* What launch_beside_ksmd() launches: this program anew, with that option alone. */
inline constexpr const char *launched_option = "--launched";
int launched();

/* guests.cpp: memory of a virtual machine. */
cost settled_guest(const bench_options &options);
cost settled_guest_huge(const bench_options &options);
cost settled_guest_unmapped(const bench_options &options);
cost index_guest(const bench_options &options);
cost pairs_guest_until_merged(const bench_options &options);
cost guest_exits(const bench_options &options);

/* hot_writers.cpp */
cost hot_writers(const bench_options &options);

} /* namespace ksm */
