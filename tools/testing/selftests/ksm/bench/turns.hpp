/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "bench/scenario.hpp"

/*
 * Work by the wall clock in short turns, those of each kind alternating so that all of
 * them meet the same machine; what counts is the median of a kind.
 */
namespace ksm
{

inline constexpr std::uint64_t turn_ns = 3000000000;
inline constexpr unsigned turns = 7; /* of each kind */

/* The middle one of a figure that every turn has. */
template <class turn> double median(const std::vector<turn> &of, double turn::*what)
{
	std::vector<double> values;

	for (const turn &each : of)
		values.push_back(each.*what);
	std::sort(values.begin(), values.end());
	return values[values.size() / 2];
}

/*
 * Repeats an operation, which is told its number, with ksmd off, with another program
 * busy instead, and with ksmd on as its knobs are set. Where the CPUs are emulated, a
 * busy one alone slows down the other: it is the second that tells what is due to ksmd.
 */
cost beside_ksmd(const std::function<void(std::size_t number)> &operate);

} /* namespace ksm */
