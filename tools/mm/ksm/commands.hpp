/* SPDX-License-Identifier: GPL-2.0 */
/* The subcommands; each returns the exit status or throws ksm::Error. */
#pragma once

#include <string>
#include <vector>

#include "knobs.hpp"
#include "ksmd.hpp"

namespace ksm
{

struct WatchOptions {
	double interval = 1;
	unsigned long count = 0;
	bool json = false;
};

int status(const Knobs &knobs, const Ksmd &ksmd, bool json);
int watch(const Knobs &knobs, const Ksmd &ksmd, const WatchOptions &options);
int set(const Knobs &knobs, const std::string &name, const std::string &value);

/* Returns only if the program cannot be started. */
int run(const std::string &sysfs_dir, const std::vector<std::string> &command);

} // namespace ksm
