// SPDX-License-Identifier: GPL-2.0
/*
 * The statistics of the attacker: values known beforehand, the definitions counted out pair
 * by pair, and the promises of intervals and probabilities, kept or not over many draws.
 */
#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <stdexcept>

#include <gtest/gtest.h>

#include "attack/statistics.hpp"

namespace ksm
{
namespace
{

constexpr double usual = 0.95;

using generator = std::mt19937_64;

numbers draw(std::size_t count, const std::function<double()> &one)
{
	numbers drawn(count);

	std::generate(drawn.begin(), drawn.end(), one);
	return drawn;
}

/* What a matched sample scores against a control. */
double score(double matched, double control)
{
	return matched > control ? 1 : matched == control ? 0.5 : 0;
}

double area_pair_by_pair(const numbers &matched, const numbers &control)
{
	double sum = 0;

	for (double m : matched)
		for (double c : control)
			sum += score(m, c);
	return sum / double(matched.size() * control.size());
}

double information_of_error(double error)
{
	return 1 + error * std::log2(error) + (1 - error) * std::log2(1 - error);
}

/* How many of so many intervals hold the true area. */
double coverage(std::size_t samples, double truth, const std::function<double()> &matched,
		const std::function<double()> &control)
{
	constexpr int runs = 5000;
	int covered = 0;

	for (int i = 0; i < runs; i++)
		covered +=
			roc_of(draw(samples, matched), draw(samples, control), usual).covers(truth);
	return double(covered) / runs;
}

TEST(area, of_samples_apart_is_one_or_zero)
{
	EXPECT_EQ(roc_of({5, 6, 7}, {1, 2, 3, 4}, usual).area, 1);
	EXPECT_EQ(roc_of({1, 2}, {3, 4, 5}, usual).area, 0);
}

TEST(area, counts_a_tie_half)
{
	EXPECT_EQ(roc_of({3, 3}, {3, 3, 3}, usual).area, 0.5);
	EXPECT_EQ(roc_of({2}, {1, 2}, usual).area, 0.75);
	EXPECT_EQ(roc_of({2, 2}, {1, 2, 3, 3}, usual).area, 0.375);
}

TEST(area, of_known_samples)
{
	/* 1 beats none of three, 3 beats one and ties one, 4 beats two, 6 all of them. */
	EXPECT_DOUBLE_EQ(roc_of({1, 3, 4, 6}, {2, 3, 5}, usual).area, (0 + 1.5 + 2 + 3) / 12);
}

TEST(area, is_what_counting_pairs_gives)
{
	generator random(1);

	for (int range : {2, 5, 1000}) {
		const auto any = [&] { return double(random() % unsigned(range)); };
		const auto more = [&] { return any() + double(random() % 2); };
		const numbers matched = draw(70, more), control = draw(50, any);

		EXPECT_NEAR(roc_of(matched, control, usual).area,
			    area_pair_by_pair(matched, control), 1e-12);
	}
}

TEST(area, does_not_depend_on_the_order_of_samples)
{
	const roc one = roc_of({1, 5, 2, 8}, {4, 3, 3}, usual);
	const roc other = roc_of({8, 2, 5, 1}, {3, 4, 3}, usual);

	EXPECT_EQ(one.area, other.area);
	EXPECT_DOUBLE_EQ(one.low, other.low);
}

TEST(area, takes_samples_of_both_kinds)
{
	EXPECT_THROW(roc_of({}, {1}, usual), std::invalid_argument);
	EXPECT_THROW(roc_of({1}, {}, usual), std::invalid_argument);
	EXPECT_THROW(distance_of({}, {1}), std::invalid_argument);
	EXPECT_THROW(information_of({1}, {}), std::invalid_argument);
}

TEST(deviations, are_those_of_the_tables)
{
	EXPECT_NEAR(deviations_around(0.95), 1.959964, 1e-6);
	EXPECT_NEAR(deviations_around(0.99), 2.575829, 1e-6);
	EXPECT_NEAR(deviations_around(0.9999), 3.890592, 1e-6);
	EXPECT_THROW(deviations_around(1), std::invalid_argument);
}

TEST(interval, is_wider_the_surer_it_is_to_be)
{
	const numbers matched = {1, 4, 6, 7, 9}, control = {0, 2, 3, 5, 8};
	const roc narrow = roc_of(matched, control, 0.9), wide = roc_of(matched, control, 0.9999);

	EXPECT_LT(wide.low, narrow.low);
	EXPECT_GT(wide.high, narrow.high);
	EXPECT_GE(wide.low, 0);
	EXPECT_LE(wide.high, 1);
}

/* Known in advance: the variance of Mann and Whitney's statistic without a difference. */
TEST(interval, has_the_known_width_without_a_difference)
{
	constexpr std::size_t count = 4000;
	generator random(2);
	std::normal_distribution<double> normal;
	const auto any = [&] { return normal(random); };
	const roc result = roc_of(draw(count, any), draw(count, any), usual);
	const double known = std::sqrt((2 * count + 1) / (12.0 * count * count));

	EXPECT_NEAR((result.high - result.low) / (2 * 1.959964 * known), 1, 0.02);
}

TEST(interval, of_samples_that_all_agree_is_that_of_as_many_comparisons)
{
	const roc apart = roc_of(numbers(100, 2), numbers(400, 1), usual);
	const roc alike = roc_of(numbers(100, 1), numbers(400, 1), usual);

	EXPECT_EQ(apart.area, 1);
	EXPECT_EQ(apart.high, 1);
	EXPECT_NEAR(apart.low, std::pow(0.025, 0.01), 1e-12);
	EXPECT_EQ(alike.area, 0.5);
	EXPECT_NEAR(alike.low, std::pow(0.025, 0.01) / 2, 1e-12);
	EXPECT_NEAR(alike.high, 1 - alike.low, 1e-12);
}

TEST(interval, is_not_narrowed_by_an_exception)
{
	numbers matched(100, 1), control(100, 0);
	const double none = roc_of(matched, control, usual).low;

	matched.front() = -1;
	EXPECT_LT(roc_of(matched, control, usual).low, none);
}

/* One extra event in a hundred samples is seen if there are thousands of samples. */
TEST(interval, sees_rare_events_among_ties)
{
	numbers matched(8000, 0), control(8000, 0);

	std::fill_n(matched.begin(), 80, 1);
	EXPECT_FALSE(roc_of(matched, control, 0.9999).covers(0.5));
	std::fill_n(control.begin(), 80, 1);
	EXPECT_TRUE(roc_of(matched, control, 0.9999).covers(0.5));
}

TEST(interval, covers_as_often_as_it_says)
{
	generator random(3);
	std::normal_distribution<double> normal;
	const auto control = [&] { return normal(random); };

	for (double truth : {0.5, 0.75, 0.95, 0.99}) {
		/* The area of two normal distributions with that much between their means. */
		const double apart =
			truth > 0.5 ? std::sqrt(2) * deviations_around(2 * truth - 1) : 0;
		const auto matched = [&] { return normal(random) + apart; };

		for (std::size_t samples : {50U, 300U}) {
			const double covered = coverage(samples, truth, matched, control);

			EXPECT_GE(covered, 0.938) << truth << " with " << samples << " samples";
			/* Close to 1 a wider one is sound; it says nothing if it is never wrong. */
			EXPECT_LE(covered, truth < 0.9 ? 0.965 : 0.999)
				<< truth << " with " << samples << " samples";
		}
	}
}

TEST(interval, covers_as_often_as_it_says_with_ties)
{
	generator random(4);
	const auto chance = [&](double of) {
		return [&random, of] { return double(random() < of * double(generator::max())); };
	};
	const auto faults = [&] { return double(random() % 3); };
	const auto more_faults = [&] { return double(random() % 3 + random() % 2); };

	for (auto [one, other] : {std::pair(0.3, 0.3), std::pair(0.4, 0.2), std::pair(0.9, 0.1)}) {
		const double covered =
			coverage(200, 0.5 + (one - other) / 2, chance(one), chance(other));

		EXPECT_GE(covered, 0.938) << one << " and " << other;
		EXPECT_LE(covered, 0.965) << one << " and " << other;
	}
	/* 0 to 2 and 0 to 3, the latter with 1, 2, 2, 1 parts of 6. */
	const double truth = (1 * 0.5 + 2 * 1.5 + 2 * 2.5 + 1 * 3) / 18;
	const double covered = coverage(200, truth, more_faults, faults);

	EXPECT_GE(covered, 0.938);
	EXPECT_LE(covered, 0.965);
}

TEST(distance, is_between_the_distribution_functions)
{
	EXPECT_EQ(distance_of({3, 4}, {1, 2}).greatest, 1);
	EXPECT_EQ(distance_of({1, 2, 3}, {1, 2, 3}).greatest, 0);
	EXPECT_EQ(distance_of({1, 2, 3}, {1, 2, 3}).probability, 1);
	EXPECT_DOUBLE_EQ(distance_of({1, 2, 3, 4}, {3, 4, 5, 6}).greatest, 0.5);
}

/* The tables' values for 50, 5 and 1 percent. */
TEST(distance, has_the_probability_of_the_tables)
{
	constexpr std::size_t count = 80000;

	for (auto [x, probability] :
	     {std::pair(0.8276, 0.5), std::pair(1.3581, 0.05), std::pair(1.6276, 0.01)}) {
		const auto shift = std::size_t(std::lround(x * std::sqrt(2.0 * count)));
		numbers matched(count), control(count);

		for (std::size_t i = 0; i < count; i++) {
			matched[i] = double(i + shift);
			control[i] = double(i);
		}
		EXPECT_NEAR(distance_of(matched, control).probability, probability,
			    probability / 50);
	}
}

TEST(distance, cries_wolf_as_often_as_it_says)
{
	constexpr int runs = 1500;
	generator random(5);
	std::normal_distribution<double> normal;
	const auto any = [&] { return normal(random); };
	int cries = 0;

	for (int i = 0; i < runs; i++)
		cries += distance_of(draw(100, any), draw(100, any)).probability < 0.05;
	EXPECT_NEAR(double(cries) / runs, 0.05, 0.025);
}

/* The area is blind to it: on either side of the control, equally often. */
TEST(distance, sees_what_the_area_does_not)
{
	numbers matched;

	for (int i = 0; i < 100; i++)
		matched.push_back(i % 2 ? 4 : 6);
	const numbers control(100, 5);

	EXPECT_TRUE(roc_of(matched, control, usual).covers(0.5));
	EXPECT_EQ(distance_of(matched, control).greatest, 0.5);
	EXPECT_LT(distance_of(matched, control).probability, 1e-9);
	EXPECT_NEAR(information_of(matched, control), 1, 0.01);
}

TEST(information, is_one_bit_if_a_sample_tells_all)
{
	EXPECT_NEAR(information_of(numbers(5000, 2), numbers(5000, 1)), 1, 1e-3);
}

TEST(information, is_nothing_without_a_difference)
{
	generator random(6);
	std::normal_distribution<double> normal;
	double sum = 0;

	EXPECT_EQ(information_of(numbers(50, 1), numbers(50, 1)), 0);
	for (int i = 0; i < 200; i++) {
		const auto any = [&] { return normal(random); };

		sum += information_of(draw(500, any), draw(500, any));
	}
	/* As it is never negative, its mean is a bit more than 0; the bias would be 0.011. */
	EXPECT_LT(sum / 200, 0.004);
}

TEST(information, is_that_of_a_noisy_channel)
{
	constexpr std::size_t count = 10000;

	for (double error : {0.1, 0.25}) {
		const auto wrong = std::size_t(error * count);
		numbers matched(count, 1), control(count, 0);

		std::fill_n(matched.begin(), wrong, 0);
		std::fill_n(control.begin(), wrong, 1);
		EXPECT_NEAR(information_of(matched, control), information_of_error(error), 1e-3);
	}
}

/* As an even number of faults on one side, and an odd one on the other. */
TEST(information, takes_few_values_as_they_are)
{
	numbers matched, control;

	for (int i = 0; i < 20000; i++)
		(i % 2 ? matched : control).push_back(i % 30);
	EXPECT_NEAR(information_of(matched, control), 1, 0.01);
}

/* Three of four are right; the values of one side are many, and those of the other one. */
TEST(information, of_a_value_that_would_fill_several_classes)
{
	numbers matched(25, 0), control(75, 0);

	for (int i = 1; i <= 100; i++)
		(i % 4 ? matched : control).push_back(i);
	/* That value makes one class, and the others make eight. */
	EXPECT_NEAR(information_of(matched, control),
		    information_of_error(0.25) - 8 / (2 * 200 * std::log(2)), 0.01);
}

/* Many different values are put into classes, which lose little. */
TEST(information, of_many_values)
{
	generator random(7);
	std::uniform_real_distribution<double> uniform;
	const auto low = [&] { return uniform(random); };
	const auto high = [&] { return uniform(random) + 0.5; };

	/* Where the two overlap, half of the samples tell nothing. */
	EXPECT_NEAR(information_of(draw(4000, high), draw(4000, low)), 0.5, 0.05);
}

TEST(median, is_the_middle)
{
	EXPECT_EQ(median_of({3, 1, 2}), 2);
	EXPECT_EQ(median_of({4, 1, 2, 3}), 2.5);
	EXPECT_THROW(median_of({}), std::invalid_argument);
}

} /* namespace */
} /* namespace ksm */
