/* SPDX-License-Identifier: GPL-2.0 */
/* What 'estimate' tells, as text and as JSON. */
#pragma once

#include <optional>
#include <string>

#include "estimate/outcome.hpp"

namespace ksm
{

struct estimate_report {
	const ksm::survey &survey;
	const ksm::looked &looked;
	ksm::outcome outcome;
	/* Of the pages that were looked at twice, and the time in between. */
	std::optional<double> changed_part;
	double settle_seconds;

	/* Nothing was left to chance. */
	bool exact() const { return outcome.saved.low == outcome.saved.high; }
};

void print_estimate(const estimate_report &report);
std::string estimate_record(const estimate_report &report);

} /* namespace ksm */
