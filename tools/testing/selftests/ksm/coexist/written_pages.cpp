// SPDX-License-Identifier: GPL-2.0
#include "coexist/written_pages.hpp"

#include <string>

#include <unistd.h>

#include "support/child.hpp"

namespace ksm
{

namespace
{

constexpr std::uint64_t few = 40;

} /* namespace */

written_pages::written_pages(std::size_t pages, region::pages_are kind)
	: memory_(pages, kind), seeds_(pages, empty)
{
	memory_.mergeable();
}

void written_pages::put(std::size_t page, std::uint64_t seed)
{
	memory_.fill(page, seed);
	seeds_[page] = seed;
}

void written_pages::write(std::size_t page, std::size_t round)
{
	if (page % 4 == 0)
		put(page, (page / 4 + round) % few);
	else
		write_own(page, round);
}

void written_pages::write_own(std::size_t page, std::size_t round)
{
	put(page, std::uint64_t(getpid()) << 40 | (few + round * count() + page));
}

void written_pages::give_back(std::size_t first, std::size_t count)
{
	require(madvise(memory_.page(first), count * page_size, MADV_DONTNEED) == 0,
		"MADV_DONTNEED");
	for (std::size_t i = first; i < first + count; i++)
		seeds_[i] = empty;
}

void written_pages::check(std::size_t page) const
{
	bool right = seeds_[page] == empty ? page_is_zero(memory_.page(page))
					   : memory_.holds(page, seeds_[page]);

	require(right, "page " + std::to_string(page) + " of " + std::to_string(count()) +
			       " does not hold what was written");
}

void written_pages::check_all() const
{
	for (std::size_t i = 0; i < count(); i++)
		check(i);
}

} /* namespace ksm */
