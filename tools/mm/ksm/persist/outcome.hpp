/* SPDX-License-Identifier: GPL-2.0 */
/* What 'enable' or 'disable' did, or would do. */
#pragma once

#include <map>
#include <string>
#include <vector>

#include "changes.hpp"

namespace ksm
{

enum class fate { written, removed, absent };

struct file_outcome {
	std::string path;
	ksm::fate fate;
	std::string text; /* of one that is written */
};

struct persist_outcome {
	std::vector<made_change> changes;
	std::map<std::string, const char *> reasons; /* of a profile, by the knob */
	std::vector<file_outcome> files;
	std::vector<std::string> warnings;
};

} /* namespace ksm */
