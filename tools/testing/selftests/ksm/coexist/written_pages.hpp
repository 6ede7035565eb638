/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/region.hpp"

namespace ksm
{

/* Memory that is offered to KSM, and what each of its pages has to hold. */
class written_pages
{
public:
	explicit written_pages(std::size_t pages,
			       region::pages_are kind = region::pages_are::small);

	std::size_t count() const { return memory_.pages(); }
	const region &memory() const { return memory_; }

	/* Every fourth gets one of a few contents, which other workers write, too. */
	void write(std::size_t page, std::size_t round);
	/* A content that no other page of the process has. */
	void write_own(std::size_t page, std::size_t round);
	/* Gives pages back to the kernel, so that they are empty. */
	void give_back(std::size_t first, std::size_t count);
	/* Throws if the page holds something else. */
	void check(std::size_t page) const;
	void check_all() const;

private:
	static constexpr std::uint64_t empty = ~0ULL;

	void put(std::size_t page, std::uint64_t seed);

	region memory_;
	std::vector<std::uint64_t> seeds_;
};

} /* namespace ksm */
