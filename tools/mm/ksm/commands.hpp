/* SPDX-License-Identifier: GPL-2.0 */
/* The subcommands; each returns the exit status or throws ksm::error. */
#pragma once

#include <string>
#include <vector>

#include "knobs.hpp"
#include "ksmd.hpp"

namespace ksm
{

struct watch_options {
	double interval = 1;
	unsigned long count = 0;
	bool json = false;
};

int status(const knobs &knobs, const ksmd &ksmd, bool json);
int watch(const knobs &knobs, const ksmd &ksmd, const watch_options &options);
int set(const knobs &knobs, const std::string &name, const std::string &value);

/* Returns only if the program cannot be started. */
int run(const std::string &sysfs_dir, const std::vector<std::string> &command);

} /* namespace ksm */
