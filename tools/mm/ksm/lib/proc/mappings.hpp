/* SPDX-License-Identifier: GPL-2.0 */
/* What a process has mapped, as /proc/PID/smaps shows it. */
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/proc/process.hpp"

namespace ksm
{

/* Whether KSM takes it, or why it does not. */
enum class mapping_kind { can_merge, hugetlb, device, shared, special };

struct mapping {
	std::uint64_t from = 0;
	std::uint64_t to = 0;
	bool readable = false;
	std::string name;  /* of a file, "[heap]"; empty if it has none */
	std::string flags; /* " rd wr mg " */

	/* Bytes */
	std::int64_t resident = 0;
	std::int64_t shared = 0; /* of what is resident: mapped elsewhere, too */
	std::int64_t anonymous = 0;
	std::int64_t ksm = 0;
	std::int64_t huge = 0;
	std::int64_t hugetlb = 0;
	std::int64_t swapped = 0;

	std::int64_t bytes() const { return std::int64_t(to - from); }
	/* @flag: two letters of VmFlags */
	bool has(std::string_view flag) const;
	bool offered() const { return has("mg"); }
	mapping_kind kind() const;
};

/* As smaps shows them. */
std::vector<mapping> parse_mappings(std::string_view text);

/* Nothing where we may not see it; no mapping at all for kernel threads. */
std::optional<std::vector<mapping>> mappings_of(const process &process);

/* What of it is offered to KSM, in bytes. */
std::optional<std::int64_t> offered_bytes(const process &process);

} /* namespace ksm */
