/* SPDX-License-Identifier: GPL-2.0 */
/* Which columns of a table a line has room for. */
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace ksm
{

/*
 * A column has a width, and a rank: the highest are left out first, those of rank 0 never.
 */
template <typename T> std::vector<const T *> fitting(std::span<const T> columns, std::size_t width)
{
	int rank = 0;

	for (const T &column : columns)
		rank = std::max(rank, column.rank);
	for (;; rank--) {
		std::vector<const T *> chosen;
		std::size_t used = 0;

		for (const T &column : columns) {
			if (column.rank > rank)
				continue;
			used += column.width + !chosen.empty();
			chosen.push_back(&column);
		}
		if (used <= width || !rank)
			return chosen;
	}
}

} /* namespace ksm */
