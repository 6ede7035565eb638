// SPDX-License-Identifier: GPL-2.0
#include "estimate/population.hpp"

#include <algorithm>

#include "lib/page_size.hpp"

namespace ksm
{

void population::add(std::uint64_t address, std::uint64_t pages, bool huge)
{
	runs_.push_back({count_, address, std::uint32_t(owners_.size() - 1), huge});
	count_ += pages;
	huge_ += huge ? pages : 0;
}

std::vector<population::page> population::at(const std::vector<std::uint64_t> &numbers) const
{
	std::vector<page> pages;
	auto from = runs_.begin();

	pages.reserve(numbers.size());
	for (const std::uint64_t number : numbers) {
		from = std::prev(std::upper_bound(
			from, runs_.end(), number,
			[](std::uint64_t n, const run &run) { return n < run.first; }));
		pages.push_back({from->owner, from->address + (number - from->first) * page_size(),
				 from->huge});
	}
	return pages;
}

} /* namespace ksm */
