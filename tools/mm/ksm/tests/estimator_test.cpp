// SPDX-License-Identifier: GPL-2.0
/* The estimator of 'estimate' on contents that are known. */
#include <cmath>
#include <cstdint>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "estimate/contents.hpp"
#include "estimate/kept.hpp"
#include "estimate/shuffle.hpp"

namespace ksm
{
namespace
{

/* Contents, and how many pages have each. */
struct memory {
	const char *name;
	std::vector<std::pair<std::uint64_t, std::uint64_t>> contents; /* pages, how many */

	std::uint64_t pages() const
	{
		std::uint64_t sum = 0;

		for (const auto &[copies, count] : contents)
			sum += copies * count;
		return sum;
	}
	double kept(double most_sharing) const
	{
		double sum = 0;

		for (const auto &[copies, count] : contents)
			sum += std::ceil(double(copies) / most_sharing) * double(count);
		return sum;
	}
};

const std::vector<memory> memories = {
	{"unique", {{1, 30000}}},
	{"a few pairs", {{1, 30000}, {2, 300}}},
	{"pairs", {{2, 15000}}},
	{"three processes", {{1, 12000}, {3, 6000}}},
	{"clones", {{1, 9000}, {10, 2100}}},
	{"all sorts", {{1, 9000}, {2, 3000}, {5, 1200}, {20, 300}, {200, 15}, {4000, 2}}},
};

std::uint64_t mixed(std::uint64_t x)
{
	x = (x ^ x >> 31) * 0x7fb5d329728ea185;
	x = (x ^ x >> 27) * 0x81dadef4bc2dd44d;
	return x ^ x >> 33;
}

/* The hash of each page, copies at a fixed distance as those of processes are. */
std::vector<std::uint64_t> hashes_of(const memory &memory, std::uint64_t seed)
{
	std::vector<std::uint64_t> hashes;
	std::uint64_t content = seed << 32;

	for (const auto &[copies, count] : memory.contents) {
		for (std::uint64_t copy = 0; copy < copies; copy++)
			for (std::uint64_t i = 0; i < count; i++)
				hashes.push_back(mixed(content + i));
		content += count;
	}
	return hashes;
}

kept look_at(const memory &memory, double part, std::size_t most, double most_sharing,
	     std::uint64_t seed)
{
	const auto hashes = hashes_of(memory, seed);
	const shuffle order(hashes.size(), mixed(seed));
	const std::uint64_t looked_at = std::uint64_t(double(hashes.size()) * part);
	contents contents(most);

	for (std::uint64_t i = 0; i < looked_at; i++)
		contents.add(hashes[order.at(i)], false);
	return estimate_kept(contents.all(), double(hashes.size()),
			     double(looked_at) / double(hashes.size()), most_sharing);
}

constexpr std::size_t all = 1 << 20;

/* How many of so many intervals hold what is true. */
int covered(const memory &memory, double part, std::size_t most, double most_sharing, int runs)
{
	constexpr double rounding = 0.5;
	const double truth = memory.kept(most_sharing);
	int inside = 0;

	for (int seed = 1; seed <= runs; seed++) {
		const range range =
			look_at(memory, part, most, most_sharing, std::uint64_t(seed)).pages;

		inside += range.low <= truth + rounding && truth - rounding <= range.high;
	}
	return inside;
}

TEST(estimator, exact_where_all_was_looked_at)
{
	for (const memory &memory : memories)
		for (const double most_sharing : {2., 256.}) {
			const kept kept = look_at(memory, 1, all, most_sharing, 1);
			const double truth = memory.kept(most_sharing);

			EXPECT_NEAR(kept.pages.value, truth, 1e-6) << memory.name;
			EXPECT_NEAR(kept.pages.low, truth, 1e-6) << memory.name;
			EXPECT_NEAR(kept.pages.high, truth, 1e-6) << memory.name;
		}
	EXPECT_NEAR(look_at(memories[5], 1, all, 256, 1).shared, 3000 + 1200 + 300 + 15 + 2, 1e-6);
}

/*
 * Of all memories together, intervals of 95 % may miss somewhat more often by chance; of a
 * single one, it takes more than chance to miss that often.
 */
void expect_covered(double part, std::size_t most, int runs)
{
	constexpr double at_least_of_all = 0.93, at_least = 0.75;
	int inside = 0;

	for (const memory &memory : memories) {
		const int of_memory = covered(memory, part, most, 256, runs);

		EXPECT_GE(of_memory, at_least * runs) << memory.name << ", " << part;
		inside += of_memory;
	}
	EXPECT_GE(inside, at_least_of_all * runs * double(memories.size())) << part;
}

/* So that an eighth or so of the contents stay. */
constexpr std::size_t few = 3000;

TEST(estimator, intervals_of_samples_by_content)
{
	expect_covered(1, few, 40);
}

TEST(estimator, intervals_of_samples_of_pages)
{
	expect_covered(0.05, all, 16);
	expect_covered(0.4, all, 16);
}

TEST(estimator, intervals_of_both)
{
	expect_covered(0.5, few, 16);
}

TEST(estimator, samples_by_content_are_close)
{
	for (const memory &memory : memories) {
		const kept kept = look_at(memory, 1, few, 256, 1);

		EXPECT_NEAR(kept.pages.value, memory.kept(256), 0.06 * double(memory.pages()))
			<< memory.name;
		EXPECT_LT(kept.pages.high - kept.pages.low, 0.15 * double(memory.pages()))
			<< memory.name;
	}
}

TEST(estimator, intervals_where_few_pages_may_share_one)
{
	EXPECT_GE(covered(memories[4], 0.4, all, 4, 16), 13);
}

TEST(estimator, narrow_where_much_was_looked_at)
{
	for (const memory &memory : memories) {
		const kept kept = look_at(memory, 0.5, all, 256, 1);

		EXPECT_LT(kept.pages.high - kept.pages.low, 0.04 * double(memory.pages()))
			<< memory.name;
		EXPECT_NEAR(kept.pages.value, memory.kept(256), 0.02 * double(memory.pages()))
			<< memory.name;
	}
}

TEST(estimator, the_table_stays_small)
{
	contents contents(1000);
	double light = 0;

	for (std::uint64_t i = 0; i < 200'000; i++)
		contents.add(mixed(i), false);
	const tally tally = contents.all();
	for (const double count : tally.light)
		light += count;
	EXPECT_LE(light, 1000);
	EXPECT_NEAR(light * tally.light_weight, 200'000, 30'000);
}

TEST(estimator, pages_of_huge_ones_are_apart)
{
	contents contents;

	for (int i = 0; i < 5; i++)
		contents.add(7, i < 3);
	contents.add(8, true);
	EXPECT_EQ(contents.all().light[5], 1);
	EXPECT_EQ(contents.all().light[1], 1);
	EXPECT_EQ(contents.small().light[2], 1);
	EXPECT_EQ(contents.small().light[0], 0);
}

TEST(shuffle, each_number_once)
{
	for (const std::uint64_t count : {1, 2, 3, 64, 1000, 4097}) {
		const shuffle order(count, 5);
		std::set<std::uint64_t> seen;

		for (std::uint64_t i = 0; i < count; i++)
			seen.insert(order.at(i));
		EXPECT_EQ(seen.size(), count);
		EXPECT_EQ(*seen.rbegin(), count - 1);
	}
}

TEST(shuffle, neither_places_nor_distances_are_preferred)
{
	constexpr std::uint64_t count = 100'000, drawn = 10'000, distance = 3 * 512;
	const shuffle order(count, 6);
	std::vector<bool> chosen(count);
	unsigned first_half = 0, both = 0;

	for (std::uint64_t i = 0; i < drawn; i++)
		chosen[order.at(i)] = true;
	for (std::uint64_t i = 0; i < count; i++) {
		first_half += chosen[i] && i < count / 2;
		both += chosen[i] && i + distance < count && chosen[i + distance];
	}
	EXPECT_NEAR(first_half, drawn / 2, 200);
	EXPECT_NEAR(both, 985, 130);
	EXPECT_NE(shuffle(count, 7).at(0), order.at(0));
}

} /* namespace */
} /* namespace ksm */
