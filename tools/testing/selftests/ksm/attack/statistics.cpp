// SPDX-License-Identifier: GPL-2.0
#include "attack/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <utility>

namespace ksm
{

namespace
{

/* How many of these sorted values lie below a value; one that equals it counts half. */
double rank_in(const numbers &sorted, double value)
{
	const auto [from, to] = std::equal_range(sorted.begin(), sorted.end(), value);

	return double(from - sorted.begin()) + double(to - from) / 2;
}

numbers sorted(numbers values)
{
	std::sort(values.begin(), values.end());
	return values;
}

double mean(const numbers &values)
{
	double sum = 0;

	for (double value : values)
		sum += value;
	return sum / double(values.size());
}

/* Of the mean of these. */
double variance_of_mean(const numbers &values)
{
	const double middle = mean(values), count = double(values.size());
	double sum = 0;

	if (values.size() < 2)
		return 0;
	for (double value : values)
		sum += (value - middle) * (value - middle);
	return sum / (count - 1) / count;
}

void require_both(const numbers &matched, const numbers &control)
{
	if (matched.empty() || control.empty())
		throw std::invalid_argument("there are no samples of one kind");
}

/* Wilson's interval of a proportion, which has that variance by itself. */
std::pair<double, double> wilson(double proportion, double variance, double z)
{
	const double count = proportion * (1 - proportion) / variance;
	const double centre = (proportion + z * z / (2 * count)) / (1 + z * z / count);
	const double half =
		z * std::sqrt(variance + z * z / (4 * count * count)) / (1 + z * z / count);

	return {centre - half, centre + half};
}

/* How frequent an outcome may be that so many comparisons have not had. */
double unseen(std::size_t count, double level)
{
	return 1 - std::pow((1 - level) / 2, 1 / double(count));
}

/* So many samples of either kind have one value, or one of a class of values. */
struct cell {
	double matched = 0;
	double control = 0;

	double both() const { return matched + control; }
};

std::vector<cell> cells_of(const numbers &matched, const numbers &control)
{
	constexpr std::size_t most_values = 32, classes = 16;
	const numbers first = sorted(matched), second = sorted(control);
	numbers all = first;

	all.insert(all.end(), second.begin(), second.end());
	std::sort(all.begin(), all.end());

	/* Where a class ends: with the last sample of this value. */
	numbers ends;

	std::unique_copy(all.begin(), all.end(), std::back_inserter(ends));
	if (ends.size() > most_values) {
		ends.clear();
		for (std::size_t i = 1; i <= classes; i++)
			ends.push_back(all[all.size() * i / classes - 1]);
		ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
	}

	std::vector<cell> cells;
	cell below;

	for (double end : ends) {
		auto up_to = [=](const numbers &values) {
			return double(std::upper_bound(values.begin(), values.end(), end) -
				      values.begin());
		};
		const cell so_far = {up_to(first), up_to(second)};

		cells.push_back({so_far.matched - below.matched, so_far.control - below.control});
		below = so_far;
	}
	return cells;
}

} /* namespace */

double deviations_around(double level)
{
	double low = 0, high = 40;

	if (level < 0 || level >= 1)
		throw std::invalid_argument("a level lies between 0 and 1");
	for (int i = 0; i < 100; i++) {
		const double middle = (low + high) / 2;

		(std::erfc(middle / std::numbers::sqrt2) > 1 - level ? low : high) = middle;
	}
	return low;
}

roc roc_of(const numbers &matched, const numbers &control, double level)
{
	require_both(matched, control);
	const numbers first = sorted(matched), second = sorted(control);
	numbers above, below; /* for each sample, the part of the others that it beats */

	for (double value : first)
		above.push_back(rank_in(second, value) / double(second.size()));
	for (double value : second)
		below.push_back(rank_in(first, value) / double(first.size()));

	const double area = mean(above);
	const double variance = variance_of_mean(above) + variance_of_mean(below);
	const double exceptions = unseen(std::min(first.size(), second.size()), level);
	const auto [low, high] = variance > 0 ? wilson(area, variance, deviations_around(level))
					      : std::pair(area, area);

	return {area, std::min(low, area * (1 - exceptions)),
		std::max(high, area + (1 - area) * exceptions)};
}

distance distance_of(const numbers &matched, const numbers &control)
{
	require_both(matched, control);
	const double m = double(matched.size()), n = double(control.size());
	const numbers first = sorted(matched), second = sorted(control);
	auto part = [](const numbers &values, double value) {
		return double(std::upper_bound(values.begin(), values.end(), value) -
			      values.begin()) /
		       double(values.size());
	};
	double greatest = 0;

	for (const numbers *values : {&first, &second})
		for (double value : *values)
			greatest = std::max(greatest,
					    std::abs(part(first, value) - part(second, value)));

	/* Kolmogorov's distribution, as far as its terms matter. */
	const double effective = std::sqrt(m * n / (m + n));
	const double x = (effective + 0.12 + 0.11 / effective) * greatest;
	double sum = 0, sign = 2;

	if (x < 0.2)
		return {greatest, 1};
	for (int i = 1; i <= 100; i++, sign = -sign)
		sum += sign * std::exp(-2 * x * x * i * i);
	return {greatest, std::clamp(sum, 0.0, 1.0)};
}

double information_of(const numbers &matched, const numbers &control)
{
	require_both(matched, control);
	const std::vector<cell> cells = cells_of(matched, control);
	const double m = double(matched.size()), n = double(control.size()), all = m + n;
	double bits = 0;

	for (const cell &one : cells) {
		if (one.matched > 0)
			bits += one.matched / all * std::log2(one.matched * all / (m * one.both()));
		if (one.control > 0)
			bits += one.control / all * std::log2(one.control * all / (n * one.both()));
	}
	bits -= double(cells.size() - 1) / (2 * all * std::numbers::ln2);
	return std::clamp(bits, 0.0, 1.0);
}

double median_of(numbers values)
{
	if (values.empty())
		throw std::invalid_argument("there is nothing to take the median of");
	values = sorted(std::move(values));
	const std::size_t half = values.size() / 2;

	return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

} /* namespace ksm */
