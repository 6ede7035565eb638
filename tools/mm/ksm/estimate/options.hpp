/* SPDX-License-Identifier: GPL-2.0 */
/* What 'estimate' is asked to do. */
#pragma once

#include "early_options.hpp"
#include "selection.hpp"

namespace ksm
{

struct estimate_options {
	selection of;
	double seconds = 10;
	double settle = 0; /* seconds; 0: no second look */
	bool json = false;
};

/* Those that no other command has. */
void add_estimate_options(early_options &early, CLI::App &estimate, estimate_options &options);

} /* namespace ksm */
