/* SPDX-License-Identifier: GPL-2.0 */
/* Amounts as bars of characters, which any terminal has. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ksm
{

/* "[####    ]" of @width characters, for a part of 0.5. */
std::string bar(double part, std::size_t width);

struct share {
	char mark;
	std::int64_t amount;
};

/* "[###--..]": as much of each mark as it has of the whole, but one of each that is there. */
std::string stacked_bar(const std::vector<share> &shares, std::size_t width);

/*
 * A column for each amount, as high as the largest at most, from the top line to the bottom
 * one. If there are more than @width, the last of them.
 */
std::vector<std::string> column_chart(const std::vector<std::int64_t> &amounts, std::size_t width,
				      std::size_t height);

} /* namespace ksm */
