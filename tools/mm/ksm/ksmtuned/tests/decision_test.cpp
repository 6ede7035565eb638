// SPDX-License-Identifier: GPL-2.0
/* When ksmd is to run and how fast, by numbers alone. */
#include <gtest/gtest.h>

#include "ksmtuned/decision.hpp"

namespace ksm::tuned
{
namespace
{

using kind = decision::kind;

constexpr std::int64_t gib = 1024 * 1024;

class decisions : public ::testing::Test
{
protected:
	decision at(std::int64_t committed, std::int64_t free)
	{
		return pacer_.decide({committed, free});
	}

	settings settings_;
	pacer pacer_{settings_, 100'000};
};

TEST_F(decisions, sleep_is_for_a_machine_of_16_gib)
{
	settings_.sleep_msec = 100;
	EXPECT_EQ(pacer(settings_, 16 * gib).sleep_msec(), 100);
	EXPECT_EQ(pacer(settings_, 4 * gib).sleep_msec(), 400);
	EXPECT_EQ(pacer(settings_, 64 * gib).sleep_msec(), 25);
	EXPECT_EQ(pacer(settings_, 1024 * gib).sleep_msec(), 10); /* no less */
	EXPECT_EQ(pacer(settings_, 5 * gib).sleep_msec(), 320);
	EXPECT_EQ(pacer(settings_, 15 * gib).sleep_msec(), 106); /* rounded down */
}

TEST_F(decisions, threshold_is_a_part_of_memory_or_a_constant)
{
	EXPECT_EQ(pacer_.threshold(), 20'000);
	EXPECT_EQ(pacer(settings_, 999).threshold(), 2048);
	settings_.thres_const = 30'000;
	EXPECT_EQ(pacer(settings_, 100'000).threshold(), 30'000);
}

TEST_F(decisions, stops_if_both_are_below)
{
	EXPECT_EQ(at(79'999, 20'001).what, kind::stop);
	EXPECT_EQ(at(80'000, 20'001).what, kind::decay);
	EXPECT_EQ(at(79'999, 20'000).what, kind::decay);
	EXPECT_EQ(at(79'999, 19'999).what, kind::boost);
	EXPECT_EQ(at(0, 0).what, kind::boost);
}

TEST_F(decisions, pages_go_up_and_down_within_bounds)
{
	EXPECT_EQ(at(0, 0).pages, 300);
	EXPECT_EQ(at(0, 0).pages, 600);
	EXPECT_EQ(at(90'000, 50'000).pages, 550);
	at(0, 0);
	EXPECT_EQ(at(0, 0).pages, 1150);
	EXPECT_EQ(at(0, 0).pages, 1250);
	EXPECT_EQ(at(90'000, 50'000).pages, 1200);
}

TEST_F(decisions, the_first_decay_gives_the_minimum)
{
	EXPECT_EQ(at(90'000, 50'000).pages, 64);
	EXPECT_EQ(at(90'000, 50'000).pages, 64);
	EXPECT_EQ(at(0, 0).pages, 364);
}

TEST_F(decisions, a_stop_forgets_nothing)
{
	at(0, 0);
	at(0, 0);
	EXPECT_EQ(at(0, 50'000).what, kind::stop);
	EXPECT_EQ(at(0, 0).pages, 900);
}

TEST_F(decisions, new_settings_keep_the_pace)
{
	at(0, 0);
	settings_.npages_boost = 1;
	settings_.npages_max = 5000;
	pacer_.use(settings_, 200'000);
	EXPECT_EQ(pacer_.total(), 200'000);
	EXPECT_EQ(at(0, 0).pages, 301);
}

TEST_F(decisions, bounds_the_wrong_way_round)
{
	settings_.npages_min = 500;
	settings_.npages_max = 100;
	pacer_.use(settings_, 100'000);
	EXPECT_EQ(at(0, 0).pages, 500);
	EXPECT_EQ(at(0, 0).pages, 100);
	EXPECT_EQ(at(90'000, 50'000).pages, 500);
}

} /* namespace */
} /* namespace ksm::tuned */
