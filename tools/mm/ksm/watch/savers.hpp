/* SPDX-License-Identifier: GPL-2.0 */
/* The processes of which KSM saves most. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ksm
{

struct saver {
	std::int64_t saved;  /* bytes, less what KSM needs for it */
	std::int64_t merged; /* pages, of zeroes too */
	std::string pid;
	std::string name;
};

struct savers {
	std::vector<saver> all; /* the most first */
	std::size_t hidden = 0; /* processes that tell us nothing */
};

savers find_savers(const std::string &proc);

} /* namespace ksm */
