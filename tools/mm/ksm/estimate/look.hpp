/* SPDX-License-Identifier: GPL-2.0 */
/* Looks at pages in random order, for as long as there is time. */
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "estimate/contents.hpp"
#include "estimate/population.hpp"

namespace ksm
{

/* How many pages, in all and without those that are part of huge ones. */
struct page_count {
	std::uint64_t all = 0;
	std::uint64_t small = 0;

	void add(bool huge)
	{
		all++;
		small += !huge;
	}
};

struct looked {
	ksm::contents contents; /* without pages of zeroes */
	page_count tried;
	page_count there; /* the others are gone */
	page_count zero;
	double seconds = 0;

	/* The first ones, to look at them again. */
	struct remembered {
		population::page page;
		std::uint64_t hash;
	};
	std::vector<remembered> first;
};

/* @go_on: is told how many pages were tried, and says whether there is time for more */
looked look_at(const population &population, std::uint64_t seed,
	       const std::function<bool(std::uint64_t)> &go_on);

/* The part of the first ones that does not hold what it held, or is gone. */
double changed_part(const population &population, const looked &looked);

} /* namespace ksm */
