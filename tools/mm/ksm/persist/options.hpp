/* SPDX-License-Identifier: GPL-2.0 */
/* What 'enable' and 'disable' are asked to do. */
#pragma once

#include <string>

#include "early_options.hpp"

namespace ksm
{

struct persist_options {
	std::string profile;
	std::string unit; /* its memory, instead of ksmd */
	std::string root; /* of an image; empty for this machine */
	bool live = true; /* set the knobs now, too */
	bool unshare = false;
	bool force = false;
	bool dry_run = false;
	bool json = false;
};

/* Those that no other command has. */
void add_persist_options(early_options &early, CLI::App &enable, CLI::App &disable,
			 persist_options &options);

} /* namespace ksm */
