/* SPDX-License-Identifier: GPL-2.0 */
/* Sets of knobs for kinds of machines, in the order in which they are set. */
#pragma once

#include <string>
#include <vector>

namespace ksm
{

/* A budget is the better advisor_mode, and mainline's kernels have none. */
enum class counts { always, without_budget, with_budget };

struct setting {
	std::string name;
	std::string value;
	const char *why;
	ksm::counts counts = counts::always;
};

struct profile {
	std::string name;
	const char *what;
	std::vector<setting> settings;
};

/* Without a name: ksmd runs, and all else stays. Throws ksm::error if there is none of that name.
 */
const profile &find_profile(const std::string &name);

} /* namespace ksm */
