/* SPDX-License-Identifier: GPL-2.0 */
/* How often contents were seen. */
#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace ksm
{

struct tally {
	/* Of contents that were seen more often than that, their number of pages is known well. */
	static constexpr std::size_t most_light = 32;

	/* Contents that were seen so often; each stands for light_weight of them. */
	std::array<double, most_light + 1> light = {};
	double light_weight = 1;

	struct heavy_content {
		double seen;
		double weight;
	};
	std::vector<heavy_content> heavy;
};

} /* namespace ksm */
