/* SPDX-License-Identifier: GPL-2.0 */
/* Other programs that write KSM's knobs. */
#pragma once

#include <string>
#include <vector>

namespace ksm
{

struct writer {
	std::string program;
	std::string pid;

	/* Ours leaves pages_to_scan alone while the advisor is on. */
	bool heeds_advisor = false;
};

std::vector<writer> find_writers(const std::string &proc);

} /* namespace ksm */
