/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cstdint>

#include <x86intrin.h>

namespace ksm
{

/* What the CPU's clock counts around something, and nothing of what stands beside it. */
template <class work> std::uint64_t ticks_of(const work &something)
{
	unsigned cpu;

	_mm_mfence();
	_mm_lfence();
	const std::uint64_t before = __rdtsc();

	something();
	_mm_mfence();
	const std::uint64_t after = __rdtscp(&cpu);

	_mm_lfence();
	return after - before;
}

} /* namespace ksm */
