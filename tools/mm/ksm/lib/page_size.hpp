/* SPDX-License-Identifier: GPL-2.0 */
/* The size of a page of this machine. */
#pragma once

#include <cstdint>
#include <optional>

#include <unistd.h>

namespace ksm
{

inline std::uint64_t page_size()
{
	static const std::uint64_t size = std::uint64_t(sysconf(_SC_PAGESIZE));

	return size;
}

/* Signed, for differences. */
inline std::int64_t bytes_of(std::int64_t pages)
{
	return pages * std::int64_t(page_size());
}

/* What page tables can map, and more than any machine has. */
constexpr std::int64_t most_bytes = 1LL << 57;

/* Nothing if it can be no count of pages. */
inline std::optional<std::int64_t> possible_pages(std::optional<std::int64_t> pages)
{
	const std::int64_t most = most_bytes / std::int64_t(page_size());

	return pages && *pages >= 0 && *pages <= most ? pages : std::nullopt;
}

/* Nothing if it can be no gain or loss in bytes. */
inline std::optional<std::int64_t> possible_gain(std::optional<std::int64_t> bytes)
{
	return bytes && *bytes >= -most_bytes && *bytes <= most_bytes ? bytes : std::nullopt;
}

} /* namespace ksm */
