/* SPDX-License-Identifier: GPL-2.0 */
/* Contents of pages, by their hashes, in a table that does not grow for ever. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "estimate/tally.hpp"

namespace ksm
{

/*
 * Once the table is full, only contents stay whose hash is a multiple of 2, then of 4, and
 * so on, and each stands for that many. Who has a content does not matter for that, so all
 * pages of a content are counted, or none. Contents that have many pages already are kept
 * in any case: there are few, and one that is left out by chance would be missed.
 */
class contents
{
public:
	explicit contents(std::size_t most = 1 << 20) : most_(most) {}

	/* @huge: the page is part of a huge one. */
	void add(std::uint64_t hash, bool huge);

	tally all() const;
	/* Of the pages that are not part of huge ones. */
	tally small() const;

private:
	struct seen {
		std::uint32_t pages;
		std::uint32_t small;
		std::uint8_t level; /* it stands for 2 to the power of that */
	};
	struct as_is {
		std::size_t operator()(std::uint64_t hash) const { return hash; }
	};

	bool in_sample(std::uint64_t hash) const;
	void thin_out();
	tally count(std::uint32_t seen::*pages) const;

	std::unordered_map<std::uint64_t, seen, as_is> table_;
	std::size_t most_;
	std::uint8_t level_ = 0;
};

} /* namespace ksm */
