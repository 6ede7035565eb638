// SPDX-License-Identifier: GPL-2.0
#include "support/no_swap.hpp"

#include <sstream>

#include <sys/swap.h>
#include <unistd.h>

#include "lib/sysfs.hpp"
#include "support/child.hpp"

namespace ksm
{

namespace
{

std::vector<std::string> all_swap_areas()
{
	std::vector<std::string> areas;
	std::string line, area;

	if (access("/proc/swaps", F_OK))
		return areas;
	std::istringstream lines(read_text("/proc/swaps"));
	std::getline(lines, line);
	while (std::getline(lines, line)) {
		std::istringstream(line) >> area;
		areas.push_back(area);
	}
	return areas;
}

} /* namespace */

no_swap::no_swap() : areas_(all_swap_areas())
{
	for (const std::string &area : areas_)
		require(swapoff(area.c_str()) == 0, "swapoff");
}

no_swap::~no_swap()
{
	for (const std::string &area : areas_)
		swapon(area.c_str(), 0);
}

} /* namespace ksm */
