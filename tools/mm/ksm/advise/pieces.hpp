/* SPDX-License-Identifier: GPL-2.0 */
/* What memory of a process an advice is for, in parts that one call can take. */
#pragma once

#include <cstdint>
#include <vector>

#include "lib/proc/mappings.hpp"

namespace ksm
{

enum class advice { offer, withdraw };

struct piece {
	std::uint64_t from;
	std::uint64_t to;

	std::uint64_t bytes() const { return to - from; }
};

/* A call of process_madvise(2) takes less than 2 GiB in all. */
constexpr std::uint64_t most_bytes_at_once = 1 << 30;

struct wanted {
	std::vector<piece> pieces;   /* none is larger than that */
	std::int64_t used_bytes = 0; /* of them: what there is in memory and swap */
	std::int64_t done_bytes = 0; /* as it is advised already */
};

/* To offer: all that PR_SET_MEMORY_MERGE would. To withdraw: all that is offered. */
wanted wanted_of(const std::vector<mapping> &mappings, advice advice);

} /* namespace ksm */
