/* SPDX-License-Identifier: GPL-2.0 */
/* What 'set' is asked to do, and whether it can be done, before any of it is. */
#pragma once

#include <string>
#include <vector>

#include "knobs.hpp"

namespace ksm
{

struct change {
	std::string name;
	std::string value;
};

/* One that was made, or would be. */
struct made_change {
	std::string name;
	std::string before; /* "-" where it is hidden */
	std::string after;
	double seconds;
};

/* From "run=1 pages_to_scan=200", or "run 1" for one; throws ksm::error. */
std::vector<change> changes_in(const std::vector<std::string> &words);

/* Throws ksm::error for the first that the kernel would refuse. */
void check(const knobs &knobs, const std::vector<change> &changes);

/* What the kernel takes and is odd all the same. */
std::vector<std::string> warnings(const knobs &knobs, const std::vector<change> &changes);

} /* namespace ksm */
