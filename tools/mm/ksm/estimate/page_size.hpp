/* SPDX-License-Identifier: GPL-2.0 */
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

} /* namespace ksm */
