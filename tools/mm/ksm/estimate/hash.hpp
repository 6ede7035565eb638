/* SPDX-License-Identifier: GPL-2.0 */
/* xxhash; says which package brings it. */
#pragma once

#include <cstddef>
#include <cstdint>

#if !__has_include(<xxhash.h>)
#error "xxhash is missing: apt-get install libxxhash-dev"
#endif
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace ksm
{

inline std::uint64_t hash_of(const void *bytes, std::size_t size, std::uint64_t seed)
{
	return XXH3_64bits_withSeed(bytes, size, seed);
}

} /* namespace ksm */
