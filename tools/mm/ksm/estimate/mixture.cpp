// SPDX-License-Identifier: GPL-2.0
#include "estimate/mixture.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ksm
{
namespace
{

constexpr std::size_t most = tally::most_light;
using numbers = std::vector<double>;
using counts = decltype(tally::light);

/* More contents would give an interval that is narrower than memory stands still. */
constexpr double enough_contents = 20000;

/* How much less likely, as a logarithm, the ends of an interval of 95 % are. */
constexpr double less_likely = 1.92;

/* Of each search for the most likely mixture, which ends before if it stands still. */
constexpr int steps = 600, steps_of_a_look = 20;
constexpr double still = 1e-7; /* what is kept of all pages may change so much in a look */

double binomial(double n, double seen, double part)
{
	return std::exp(std::lgamma(n + 1) - std::lgamma(seen + 1) - std::lgamma(n - seen + 1) +
			seen * std::log(part) + (n - seen) * std::log1p(-part));
}

/* One group of pages for each number of pages that a content may have. */
class model
{
public:
	model(const counts &seen, double pages, double part, double most_sharing);

	struct fit {
		numbers shares; /* of each group in all pages */
		double likelihood;
		double kept;
	};

	/* The most likely shares; with a @tilt, those that keep more pages, or fewer. */
	fit best(numbers shares, double tilt) const;

	numbers even() const { return numbers(groups_.size(), 1.0 / double(groups_.size())); }
	double shared(const numbers &shares) const;

private:
	struct group {
		double copies; /* pages of each content */
		double kept;   /* of each page */
		double cost;   /* in likelihood: contents that would have been seen */
	};

	bool add_group(double copies, double most_sharing);
	void expect(const numbers &shares, numbers &contents) const;
	double kept(const numbers &shares) const;

	double pages_;
	double part_;
	std::vector<group> groups_;
	/* How often contents were seen, most often few numbers, and how many so often. */
	std::vector<std::size_t> times_;
	numbers seen_;
	/* Of each group: how many contents, per page, are seen as often as in times_. */
	std::vector<numbers> chances_;
};

model::model(const counts &seen, double pages, double part, double most_sharing)
	: pages_(pages), part_(part)
{
	/* Above that part, what is seen nearly is what there is, and each number has a group. */
	constexpr double large_part = 0.3, growth = 1.06;
	const double contents = std::accumulate(seen.begin(), seen.end(), 0.0);
	const double less = std::min(1.0, enough_contents / contents);

	pages_ *= less;
	for (std::size_t times = 1; times <= most; times++) {
		if (seen[times] <= 0)
			continue;
		times_.push_back(times);
		seen_.push_back(seen[times] * less);
	}
	for (double copies = 1; add_group(copies, most_sharing);)
		copies = std::max(copies + 1, part > large_part ? 0 : std::floor(copies * growth));
}

/* False if contents with so many pages would hardly ever be seen so rarely. */
bool model::add_group(double copies, double most_sharing)
{
	constexpr double hardly_ever = 1e-3;
	std::array<double, most + 1> chance = {};

	for (std::size_t times = 0; times <= most && double(times) <= copies; times++)
		chance[times] = binomial(copies, double(times), part_);
	const double all = std::accumulate(chance.begin(), chance.end(), 0.0);
	if (all < hardly_ever)
		return false;
	numbers &chances = chances_.emplace_back();
	for (const std::size_t times : times_)
		chances.push_back(chance[times] / all / copies);
	groups_.push_back({copies, std::ceil(copies / most_sharing) / copies,
			   pages_ * (1 - chance[0] / all) / copies});
	return true;
}

/* Contents, per page, that are seen as often as in times_. */
void model::expect(const numbers &shares, numbers &contents) const
{
	std::ranges::fill(contents, 1e-300);
	for (std::size_t i = 0; i < groups_.size(); i++)
		for (std::size_t at = 0; at < times_.size(); at++)
			contents[at] += shares[i] * chances_[i][at];
}

double model::kept(const numbers &shares) const
{
	double sum = 0;

	for (std::size_t i = 0; i < groups_.size(); i++)
		sum += shares[i] * groups_[i].kept;
	return sum;
}

/*
 * The step of EM for shares that add up to 1: each is weight / (x + cost), with the @x that
 * makes them do so. Newton's steps come from below and cannot overshoot; a first one from
 * above, where the last @x was, leads below.
 */
void share_out(numbers &weights, const numbers &costs, numbers &shares, double &x)
{
	constexpr double exact = 1e-9, nothing = 1e-12;
	constexpr int most_steps = 40;
	const double least = nothing * std::accumulate(weights.begin(), weights.end(), 0.0);
	double lowest = -INFINITY;

	/* What has come to nothing would be lost in the rounding below. */
	for (std::size_t i = 0; i < weights.size(); i++) {
		weights[i] = weights[i] < least ? 0 : weights[i];
		if (weights[i] > 0)
			lowest = std::max(lowest, weights[i] - costs[i]);
	}
	x = std::max(x, lowest);
	for (int step = 0; step < most_steps; step++) {
		double sum = 0, slope = 0;

		for (std::size_t i = 0; i < weights.size(); i++) {
			const double factor = weights[i] > 0 ? 1 / (x + costs[i]) : 0;

			shares[i] = weights[i] * factor;
			sum += shares[i];
			slope += shares[i] * factor;
		}
		if (std::abs(sum - 1) < exact)
			break;
		x = std::max(lowest, x + (sum - 1) / slope);
	}
}

model::fit model::best(numbers shares, double tilt) const
{
	numbers weights(groups_.size()), costs(groups_.size());
	numbers contents(times_.size()), ratios(times_.size());
	double before = 0, x = -INFINITY;
	fit fit;

	for (std::size_t i = 0; i < groups_.size(); i++)
		costs[i] = groups_[i].cost - tilt * groups_[i].kept;
	for (int step = 1; step <= steps; step++) {
		expect(shares, contents);
		for (std::size_t at = 0; at < times_.size(); at++)
			ratios[at] = seen_[at] / contents[at];
		for (std::size_t i = 0; i < groups_.size(); i++)
			weights[i] = shares[i] * std::inner_product(ratios.begin(), ratios.end(),
								    chances_[i].begin(), 0.0);
		share_out(weights, costs, shares, x);
		if (step % steps_of_a_look)
			continue;
		fit.kept = kept(shares);
		if (std::abs(fit.kept - before) < still)
			break;
		before = fit.kept;
	}
	expect(shares, contents);
	fit.likelihood = 0;
	for (std::size_t at = 0; at < times_.size(); at++)
		fit.likelihood += seen_[at] * std::log(contents[at]);
	for (std::size_t i = 0; i < groups_.size(); i++)
		fit.likelihood -= shares[i] * groups_[i].cost;
	fit.shares = std::move(shares);
	return fit;
}

double model::shared(const numbers &shares) const
{
	double sum = 0;

	for (std::size_t i = 0; i < groups_.size(); i++)
		if (groups_[i].copies > 1)
			sum += shares[i] / groups_[i].copies;
	return sum;
}

/* How far what is kept can go up (or down) while the mixture is likely enough. */
double limit(const model &model, const model::fit &best, double direction)
{
	constexpr int most_tries = 24;
	constexpr double near = 0.95, growth = 8;
	double kept = best.kept, low = 0, high = INFINITY, tilt = growth;
	numbers start = best.shares;

	/* A share that is 0 would remain so. */
	for (double &share : start)
		share = 0.9 * share + 0.1 / double(start.size());
	for (int tries = 0; tries < most_tries; tries++) {
		const model::fit fit = model.best(start, direction * tilt);
		const double lost = best.likelihood - fit.likelihood;

		if (lost > less_likely) {
			high = tilt;
		} else {
			const bool goes_no_further = low && std::abs(fit.kept - kept) < still;

			kept = fit.kept;
			low = tilt;
			if (lost > near * less_likely || goes_no_further)
				break;
		}
		/* What is lost goes by the square of the tilt, nearly. */
		const double aim = (1 + near) / 2 * less_likely;
		tilt *= lost > 0 ? std::min(growth, std::sqrt(aim / lost)) : growth;
		if (tilt <= low || tilt >= high)
			tilt = (low + high) / 2;
	}
	return kept;
}

} /* namespace */

mixture likely_mixture(const counts &seen, double pages, double part, double most_sharing)
{
	const model model(seen, pages, part, most_sharing);
	const auto best = model.best(model.even(), 0);
	mixture mixture;

	mixture.kept = {best.kept, std::min(best.kept, limit(model, best, -1)),
			std::max(best.kept, limit(model, best, 1))};
	mixture.shared = model.shared(best.shares);
	return mixture;
}

} /* namespace ksm */
