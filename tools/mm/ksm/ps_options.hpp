/* SPDX-License-Identifier: GPL-2.0 */
/* What 'ps' is asked to do. */
#pragma once

#include <string>
#include <vector>

#include "early_options.hpp"
#include "ps_rows.hpp"

namespace ksm
{

struct ps_options {
	ps_by by = ps_by::process;
	ps_order order = ps_order::saved;
	bool json = false;
	std::vector<std::string> pids;
};

/* Those that no other command has. */
void add_ps_options(early_options &early, CLI::App &ps, ps_options &options);

} /* namespace ksm */
