/* SPDX-License-Identifier: GPL-2.0 */
/* Sets of knobs for kinds of machines. */
#pragma once

#include <string>
#include <vector>

namespace ksm
{

struct setting {
	std::string name;
	std::string value;
	const char *why;
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
