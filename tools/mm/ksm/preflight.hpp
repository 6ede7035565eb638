/* SPDX-License-Identifier: GPL-2.0 */
/* Whether there is memory for unsharing everything, asked before it is done. */
#pragma once

#include <optional>
#include <string>

#include "error.hpp"
#include "knobs.hpp"

namespace ksm
{

/*
 * What would come of run=2 where its copies do not fit; nothing where they do, or where that
 * cannot be seen. What is there is MemAvailable and SwapFree, less a margin: a fiftieth of
 * all memory, at least 32 MiB. Then the limits of memory cgroups are looked at.
 */
std::optional<error> no_room_to_unshare(const knobs &knobs, const std::string &proc);

} /* namespace ksm */
