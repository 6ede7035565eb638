/* SPDX-License-Identifier: GPL-2.0 */
/* The size of a page of this machine. */
#pragma once

#include <cstdint>

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

} /* namespace ksm */
