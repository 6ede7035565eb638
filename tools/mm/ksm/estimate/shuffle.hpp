/* SPDX-License-Identifier: GPL-2.0 */
/* A random order of numbers that takes no memory. */
#pragma once

#include <bit>
#include <cstdint>

namespace ksm
{

/*
 * Gives each number below @count once. Numbers at a fixed distance are not drawn together
 * more often than others, which matters where memory is a copy of other memory.
 */
class shuffle
{
public:
	shuffle(std::uint64_t count, std::uint64_t seed)
		: count_(count), seed_(seed),
		  half_((std::bit_width(count > 1 ? count - 1 : 1) + 1) / 2)
	{
	}

	std::uint64_t at(std::uint64_t position) const
	{
		/* The order is one of a power of two; what is too large leads to another one. */
		do
			position = exchange(position);
		while (position >= count_);
		return position;
	}

private:
	static constexpr int rounds = 4;

	/* A Feistel network: it can be undone, so that no two positions give one number. */
	std::uint64_t exchange(std::uint64_t number) const
	{
		const std::uint64_t mask = (std::uint64_t(1) << half_) - 1;
		std::uint64_t left = number >> half_, right = number & mask;

		for (int round = 0; round < rounds; round++) {
			const std::uint64_t next = left ^ (mixed(right, round) & mask);

			left = right;
			right = next;
		}
		return left << half_ | right;
	}

	std::uint64_t mixed(std::uint64_t number, int round) const
	{
		std::uint64_t x =
			(number + 1) * 0x9e3779b97f4a7c15 + seed_ * std::uint64_t(2 * round + 1);

		x = (x ^ x >> 32) * 0xd6e8feb86659fd93;
		x = (x ^ x >> 32) * 0xd6e8feb86659fd93;
		return x ^ x >> 32;
	}

	std::uint64_t count_;
	std::uint64_t seed_;
	int half_; /* bits of each half */
};

} /* namespace ksm */
