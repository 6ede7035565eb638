// SPDX-License-Identifier: GPL-2.0
#include "estimate/kept.hpp"

#include <algorithm>
#include <cmath>

namespace ksm
{
namespace
{

constexpr double deviations = 1.96; /* of a normal distribution, on each side: 95 % */

double square(double x)
{
	return x * x;
}

struct light_pages {
	double seen = 0;
	double contents = 0;
};

light_pages light_of(const tally &tally)
{
	light_pages light;

	for (std::size_t times = 1; times < tally.light.size(); times++) {
		light.seen += tally.light[times] * double(times);
		light.contents += tally.light[times];
	}
	return light;
}

/* All pages were looked at: only which contents are in the table is left to chance. */
mixture whole_mixture(const tally &tally, double most_sharing)
{
	const light_pages light = light_of(tally);
	mixture mixture;
	double variance = 0;

	for (std::size_t times = 1; times < tally.light.size(); times++) {
		const double kept = std::ceil(double(times) / most_sharing);

		mixture.kept.value += tally.light[times] * kept / light.seen;
		if (times > 1)
			mixture.shared += tally.light[times] / light.seen;
	}
	for (std::size_t times = 1; times < tally.light.size(); times++) {
		const double kept = std::ceil(double(times) / most_sharing);

		variance += tally.light[times] * (1 - 1 / tally.light_weight) *
			    square((kept - mixture.kept.value * double(times)) / light.seen);
	}
	const double error = deviations * std::sqrt(variance);
	mixture.kept.low = mixture.kept.value - error;
	mixture.kept.high = mixture.kept.value + error;
	return mixture;
}

} /* namespace */

kept estimate_kept(const tally &tally, double pages, double part, double most_sharing)
{
	kept kept;
	double heavy_pages = 0, variance = 0;
	mixture mixture;

	for (const auto &[seen, weight] : tally.heavy) {
		heavy_pages += weight * seen / part;
		kept.pages.value += weight * std::ceil(seen / part / most_sharing);
		kept.shared += weight;
	}
	const double light_pages = std::max(0.0, pages - heavy_pages);
	if (light_of(tally).contents) {
		mixture = part < 1 ? likely_mixture(tally.light, light_pages / tally.light_weight,
						    part, most_sharing)
				   : whole_mixture(tally, most_sharing);
	}

	/* A page too many among the heavy contents is one too few among the others. */
	for (const auto &[seen, weight] : tally.heavy)
		variance += weight * (weight - 1) * square(mixture.kept.value * seen / part - 1) +
			    square(mixture.kept.value * weight / part) * seen * (1 - part);

	const double value = kept.pages.value + light_pages * mixture.kept.value;
	const double error = square(deviations) * variance;
	kept.pages = {value,
		      value - std::sqrt(error + square(light_pages *
						       (mixture.kept.value - mixture.kept.low))),
		      value + std::sqrt(error + square(light_pages *
						       (mixture.kept.high - mixture.kept.value)))};
	kept.shared += light_pages * mixture.shared;
	return kept;
}

} /* namespace ksm */
