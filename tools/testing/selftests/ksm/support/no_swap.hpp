/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <string>
#include <vector>

namespace ksm
{

/* While this lives there is no swap: what was swapped out is back. */
class no_swap
{
public:
	no_swap();
	~no_swap();
	no_swap(const no_swap &) = delete;
	no_swap &operator=(const no_swap &) = delete;

private:
	std::vector<std::string> areas_;
};

} /* namespace ksm */
