// SPDX-License-Identifier: GPL-2.0
#include "watch/bars.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ksm
{
namespace
{

constexpr std::size_t brackets = 2;

std::string bracketed(std::string inside, std::size_t width)
{
	inside.resize(width - brackets, ' ');
	return "[" + inside + "]";
}

/* Of one character's height: empty, a third, two thirds, full. */
constexpr char heights[] = {' ', '.', ':', '#'};
constexpr std::int64_t steps = 3;

} /* namespace */

std::string bar(double part, std::size_t width)
{
	if (width <= brackets)
		return "";
	const double filled = std::clamp(part, 0.0, 1.0) * double(width - brackets);

	return bracketed(std::string(std::size_t(std::lround(filled)), '#'), width);
}

std::string stacked_bar(const std::vector<share> &shares, std::size_t width)
{
	std::int64_t whole = 0;
	std::string inside;

	if (width <= brackets)
		return "";
	for (const auto &[mark, amount] : shares)
		whole += amount;
	const std::size_t room = width - brackets;
	std::vector<std::size_t> parts;
	for (const auto &[mark, amount] : shares) {
		const double part = whole ? double(amount) / double(whole) : 0;

		parts.push_back(amount > 0 ? std::max(std::lround(part * double(room)), 1L) : 0);
	}

	/* The large ones make room for the small ones, which must be seen. */
	while (std::accumulate(parts.begin(), parts.end(), std::size_t(0)) > room)
		--*std::ranges::max_element(parts);
	for (std::size_t i = 0; i < shares.size(); i++)
		inside.append(parts[i], shares[i].mark);
	return bracketed(inside, width);
}

std::vector<std::string> column_chart(const std::vector<std::int64_t> &amounts, std::size_t width,
				      std::size_t height)
{
	const std::size_t shown = std::min(amounts.size(), width);
	const auto from = amounts.end() - std::ptrdiff_t(shown);
	const std::int64_t most =
		shown ? std::max<std::int64_t>(*std::max_element(from, amounts.end()), 1) : 1;
	std::vector<std::string> lines(height);

	for (auto amount = from; amount != amounts.end(); amount++) {
		const double part = double(std::max<std::int64_t>(*amount, 0)) / double(most);
		std::int64_t left = std::lround(part * double(std::int64_t(height) * steps));

		/* What is there must be seen. */
		if (*amount > 0)
			left = std::max<std::int64_t>(left, 1);
		for (std::size_t row = height; row-- > 0;) {
			const std::int64_t here = std::min(left, steps);

			lines[row] += heights[here];
			left -= here;
		}
	}
	return lines;
}

} /* namespace ksm */
