/* SPDX-License-Identifier: GPL-2.0 */
/* How processes are named on the command line. */
#pragma once

#include <vector>

#include "early_options.hpp"
#include "selection.hpp"

namespace ksm
{

/* PIDs and --vm; --all and --unit are options of other commands as well. */
void add_selection_options(early_options &early, const std::vector<CLI::App *> &commands,
			   selection &selection);

} /* namespace ksm */
