/* SPDX-License-Identifier: GPL-2.0 */
/* Which systemd runs here, and what its MemoryKSM= does. */
#pragma once

#include <optional>
#include <string>

namespace ksm
{

/* Nothing where there is no systemd. */
std::optional<int> systemd_version();

struct memory_ksm_doubt {
	std::string what;
	std::string cure;
	bool harmful; /* the unit would not start any more */
};

/* Nothing of a version whose MemoryKSM= works. */
std::optional<memory_ksm_doubt> doubt_of_memory_ksm(int version, const std::string &unit);

} /* namespace ksm */
