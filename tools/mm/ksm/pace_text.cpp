// SPDX-License-Identifier: GPL-2.0
#include "pace_text.hpp"

#include "format.hpp"
#include "text.hpp"

namespace ksm
{

std::string pace_text(const knobs &knobs)
{
	const auto mode = knobs.content("advisor_mode");
	const std::string advisor = mode ? mode->value : "none";

	if (advisor == "cpu-budget")
		return fmt::format("up to {} % of one CPU, by {}",
				   count_text(knobs.number("advisor_max_cpu")), advisor);
	return fmt::format("{} pages, then {} ms of sleep{}",
			   count_text(knobs.number("pages_to_scan")),
			   count_text(knobs.number("sleep_millisecs")),
			   advisor == "none" ? "" : ", by " + advisor);
}

} /* namespace ksm */
