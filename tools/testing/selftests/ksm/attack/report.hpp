/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <string>

#include "attack/series.hpp"

/* What came of the attacks, on stdout; both throw if it cannot be written there. */
namespace ksm
{

/* In which mode, and who holds the memory. */
struct setting {
	std::string mode;
	std::string holders;
};

/* A line for each column, and as JSON one more object for scripts/attack/report.py. */
void print_findings(const setting &where, const findings &found, bool as_json);
void print_skipped(const setting &where, const std::string &channel, const std::string &reason,
		   bool as_json);

} /* namespace ksm */
