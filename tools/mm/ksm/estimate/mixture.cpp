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

constexpr int steps = 600; /* of each search for the most likely mixture */

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
	numbers expected(const numbers &shares) const;
	double likelihood(const numbers &shares) const;

	double pages_;
	double part_;
	counts seen_;
	std::vector<group> groups_;
	/* For each number of times: how many contents of a group, per page, are seen so often. */
	std::array<numbers, most + 1> chances_;
};

model::model(const counts &seen, double pages, double part, double most_sharing)
	: pages_(pages), part_(part), seen_(seen)
{
	/* Above that part, what is seen nearly is what there is, and each number has a group. */
	constexpr double large_part = 0.3, growth = 1.06;
	const double contents = std::accumulate(seen.begin(), seen.end(), 0.0);
	const double less = std::min(1.0, enough_contents / contents);

	pages_ *= less;
	for (double &count : seen_)
		count *= less;
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
	for (std::size_t times = 1; times <= most; times++)
		chances_[times].push_back(chance[times] / all / copies);
	groups_.push_back({copies, std::ceil(copies / most_sharing) / copies,
			   pages_ * (1 - chance[0] / all) / copies});
	return true;
}

/* Contents, per page, that are seen so often. */
numbers model::expected(const numbers &shares) const
{
	numbers contents(most + 1);

	for (std::size_t times = 1; times <= most; times++)
		contents[times] = std::inner_product(shares.begin(), shares.end(),
						     chances_[times].begin(), 1e-300);
	return contents;
}

double model::likelihood(const numbers &shares) const
{
	const numbers contents = expected(shares);
	double sum = 0;

	for (std::size_t times = 1; times <= most; times++)
		sum += seen_[times] * std::log(contents[times]);
	for (std::size_t i = 0; i < groups_.size(); i++)
		sum -= shares[i] * groups_[i].cost;
	return sum;
}

/*
 * The step of EM for shares that add up to 1: each is weight / (x + cost), with the x that
 * makes them do so. Newton's steps come from below and cannot overshoot.
 */
void share_out(numbers &weights, const numbers &costs, numbers &shares)
{
	constexpr double exact = 1e-9, nothing = 1e-12;
	constexpr int most_steps = 40;
	const double least = nothing * std::accumulate(weights.begin(), weights.end(), 0.0);
	double x = -INFINITY;

	/* What has come to nothing would be lost in the rounding below. */
	for (double &weight : weights)
		weight = weight < least ? 0 : weight;
	for (std::size_t i = 0; i < weights.size(); i++)
		if (weights[i] > 0)
			x = std::max(x, weights[i] - costs[i]);
	for (int step = 0; step < most_steps; step++) {
		double sum = 0, slope = 0;

		for (std::size_t i = 0; i < weights.size(); i++) {
			const double factor = weights[i] > 0 ? 1 / (x + costs[i]) : 0;

			shares[i] = weights[i] * factor;
			sum += shares[i];
			slope += shares[i] * factor;
		}
		if (sum - 1 < exact)
			break;
		x += (sum - 1) / slope;
	}
}

model::fit model::best(numbers shares, double tilt) const
{
	numbers weights(groups_.size()), costs(groups_.size());
	fit fit;

	for (std::size_t i = 0; i < groups_.size(); i++)
		costs[i] = groups_[i].cost - tilt * groups_[i].kept;
	for (int step = 0; step < steps; step++) {
		const numbers contents = expected(shares);

		std::ranges::fill(weights, 0);
		for (std::size_t times = 1; times <= most; times++) {
			const double ratio = seen_[times] / contents[times];

			if (seen_[times] > 0)
				for (std::size_t i = 0; i < groups_.size(); i++)
					weights[i] += ratio * chances_[times][i];
		}
		for (std::size_t i = 0; i < groups_.size(); i++)
			weights[i] *= shares[i];
		share_out(weights, costs, shares);
	}
	fit.kept = 0;
	for (std::size_t i = 0; i < groups_.size(); i++)
		fit.kept += shares[i] * groups_[i].kept;
	fit.likelihood = likelihood(shares);
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
	constexpr int growths = 20, halvings = 8;
	const auto tilted = [&](double tilt) {
		numbers start = best.shares;

		/* A share that is 0 would remain so. */
		for (double &share : start)
			share = 0.9 * share + 0.1 / double(start.size());
		return model.best(start, direction * tilt);
	};
	double kept = best.kept, low = 0, high = 8;
	bool found = false;

	for (int step = 0; step < growths && !found; step++) {
		const model::fit fit = tilted(high);

		found = best.likelihood - fit.likelihood > less_likely;
		if (!found) {
			kept = fit.kept;
			low = high;
			high *= 4;
		}
	}
	for (int step = 0; step < halvings && found; step++) {
		const double middle = (low + high) / 2;
		const model::fit fit = tilted(middle);

		if (best.likelihood - fit.likelihood > less_likely) {
			high = middle;
		} else {
			kept = fit.kept;
			low = middle;
		}
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
