/* SPDX-License-Identifier: GPL-2.0 */
/* What libproc2 tells of processes. It looks at /proc and nowhere else, see root.hpp. */
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <libproc2/pids.h>

namespace ksm
{

/* All of them, in order. Throws ksm::error where they cannot be listed. */
std::vector<int> all_pids();

/* Nothing of a process that is gone; 0 of what it does not show to us, or does not have. */
std::optional<std::int64_t> amount_of(int pid, pids_item item);

/* Those of cmdline, or the lines of a file. */
std::vector<std::string> parts_of(int pid, pids_item item);

} /* namespace ksm */
