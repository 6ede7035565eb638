/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cstddef>
#include <cstdint>

namespace ksm
{

/* Who has thought of the content of a page. */
enum class author : std::uint8_t { victim, attacker, filler };

/* The seed of the content of a page: no two of them are equal. */
constexpr std::uint64_t content_of(author who, unsigned trial, std::size_t page)
{
	return std::uint64_t(who) << 56 | std::uint64_t(trial) << 32 | page;
}

} /* namespace ksm */
