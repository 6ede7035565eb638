/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/sysfs.h"

namespace ksm
{

struct cost_options {
	std::size_t pages = 16384;
	unsigned passes = 0; /* 0: as many as suit the scenario */
	bool smart_scan = false;
};

/* What some passes over some pages have cost. */
struct cost {
	std::uint64_t total_ns = 0;
	std::uint64_t least_ns = 0; /* of one pass */
	std::uint64_t most_ns = 0;
	unsigned passes = 0;
	std::size_t page_visits = 0; /* what total_ns is to be divided by */
	bool wall = false;	     /* time of the caller, not CPU time of ksmd */
	counters after = {};

	double per_page() const { return double(total_ns) / double(page_visits); }
};

struct scenario {
	const char *name;
	const char *what;
	cost (*run)(const cost_options &options);
};

const std::vector<scenario> &scenarios();

} /* namespace ksm */
