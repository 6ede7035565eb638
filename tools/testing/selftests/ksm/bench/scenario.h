/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/sysfs.h"

namespace ksm
{

struct bench_options {
	std::size_t pages = 16384;
	unsigned passes = 0; /* 0: as many as suit the scenario */
	bool smart_scan = false;
};

/* What was merged once ksmd had used so much CPU time. */
struct progress {
	std::uint64_t ns;
	long merged;
};

/* What some work on some pages has cost. */
struct cost {
	std::uint64_t total_ns = 0;
	std::uint64_t least_ns = 0; /* of one pass */
	std::uint64_t most_ns = 0;
	unsigned passes = 0;
	std::size_t page_visits = 0; /* what total_ns is to be divided by */
	bool wall = false;	     /* time of the caller, not CPU time of ksmd */
	counters after = {};
	std::vector<progress> series = {};

	double per_page() const { return double(total_ns) / double(page_visits); }
};

struct scenario {
	const char *name;
	const char *what;
	cost (*run)(const bench_options &options);
};

const std::vector<scenario> &scenarios();

} /* namespace ksm */
