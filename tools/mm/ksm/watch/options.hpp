/* SPDX-License-Identifier: GPL-2.0 */
/* What 'watch' is asked to do. */
#pragma once

#include "early_options.hpp"

namespace ksm
{

struct watch_options {
	double interval = 1;
	unsigned long count = 0;
	bool lines = false;
	bool json = false;
};

/* Those that no other command has. */
void add_watch_options(early_options &early, CLI::App &watch, watch_options &options);

} /* namespace ksm */
