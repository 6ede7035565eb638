/* SPDX-License-Identifier: GPL-2.0 */
/* The table that 'watch' prints: as many columns as the terminal is wide enough for. */
#pragma once

#include <cstddef>
#include <optional>

#include "sample.hpp"

namespace ksm
{

class watch_table
{
public:
	/* The heading again where it has scrolled away, or other columns fit. */
	void print(double seconds, const sample &sample, std::optional<double> cpu);

private:
	std::size_t rows_ = 0; /* since the last heading */
	std::size_t width_ = 0;
};

void print_summary(const course &course);

} /* namespace ksm */
