/* SPDX-License-Identifier: GPL-2.0 */
/* Whether the limits of memory cgroups leave room for unsharing everything. */
#pragma once

#include <optional>
#include <string>

#include "error.hpp"
#include "sample.hpp"

namespace ksm
{

/*
 * What would come of run=2 where the copies do not fit below a memory.max; nothing where they
 * do, or where that cannot be seen.
 *
 * A copy is charged to the cgroup of its process. Of the pages that are shared, and go, it is
 * not told to whom they are charged: they are taken to be spread as their mappings are. Room
 * is what is below the limit, or in file pages, or in swap.
 */
std::optional<error> no_room_in_cgroup(const sample &sample, const std::string &proc);

} /* namespace ksm */
