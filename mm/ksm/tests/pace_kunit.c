// SPDX-License-Identifier: GPL-2.0
/*
 * Pace: what a batch may do, by the admin and by the advisor.
 */
#include "../advisor.h"
#include "kunit.h"

struct saved {
	struct ksm_knobs knobs;
	struct ksm_advisor_state advisor;
};

static int pace_init(struct kunit *test)
{
	struct saved *saved = kunit_kzalloc(test, sizeof(*saved), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, saved);
	saved->knobs = ksm_knobs;
	saved->advisor = ksm_advisor;
	test->priv = saved;
	return 0;
}

static void pace_exit(struct kunit *test)
{
	struct saved *saved = test->priv;

	ksm_pace_set_advisor(saved->advisor.mode);
	ksm_knobs = saved->knobs;
	ksm_advisor = saved->advisor;
}

static void pace_by_admin(struct kunit *test)
{
	struct ksm_budget budget;

	ksm_pace_set_advisor(KSM_ADVISOR_NONE);
	KUNIT_EXPECT_EQ(test, ksm_pace_pages(), KSM_PAGES_TO_SCAN_DEFAULT);
	ksm_knobs.pages_to_scan = 17;
	KUNIT_EXPECT_EQ(test, ksm_pace_pages(), 17U);
	budget = ksm_pace_batch();
	KUNIT_EXPECT_EQ(test, budget.reads, 17U);
	KUNIT_EXPECT_EQ(test, budget.visits, 17UL * KSM_VISITS_PER_READ);
	/* A pass teaches nobody then. */
	ksm_pace_end_pass(100000, 50000);
	KUNIT_EXPECT_EQ(test, ksm_pace_pages(), 17U);

	KUNIT_EXPECT_EQ(test, ksm_pace_set_pages(0), 0);
	budget = ksm_pace_batch();
	KUNIT_EXPECT_FALSE(test, ksm_budget_left(&budget));
	ksm_knobs.pages_to_scan = UINT_MAX;
	budget = ksm_pace_batch();
	KUNIT_EXPECT_GE(test, budget.visits, (unsigned long)UINT_MAX);
	ksm_knobs.sleep_millisecs = 123;
	KUNIT_EXPECT_EQ(test, ksm_pace_pause(), 123U);
}

static void pace_by_advisor(struct kunit *test)
{
	unsigned int pages;

	ksm_pace_set_advisor(KSM_ADVISOR_NONE);
	ksm_knobs.pages_to_scan = 17;
	ksm_advisor.last_secs = 77;
	ksm_advisor.trend = 500;
	ksm_advisor.min_pages = 600;
	ksm_pace_set_advisor(KSM_ADVISOR_SCAN_TIME);
	KUNIT_EXPECT_EQ(test, ksm_advisor.mode, KSM_ADVISOR_SCAN_TIME);
	KUNIT_EXPECT_EQ(test, ksm_pace_pages(), 600U);
	/* What was before it was switched on says nothing. */
	KUNIT_EXPECT_EQ(test, ksm_advisor.last_secs, 0UL);
	KUNIT_EXPECT_EQ(test, ksm_advisor.trend, 100UL);

	/* It was slow, so more pages are read; the admin's knob is as the switch left it. */
	ksm_pace_end_pass(4000 * MSEC_PER_SEC, 40 * MSEC_PER_SEC);
	pages = ksm_pace_pages();
	KUNIT_EXPECT_GT(test, pages, 600U);
	KUNIT_EXPECT_EQ(test, ksm_pace_batch().reads, pages);
	KUNIT_EXPECT_EQ(test, ksm_knobs.pages_to_scan, KSM_PAGES_TO_SCAN_DEFAULT);
	/* A pass that took no time at all divides nothing by zero. */
	ksm_pace_end_pass(0, 0);
	KUNIT_EXPECT_GE(test, ksm_pace_pages(), 600U);
	KUNIT_EXPECT_EQ(test, ksm_advisor.last_secs, 1UL);
	KUNIT_EXPECT_EQ(test, ksm_pace_set_pages(5), -EINVAL);

	ksm_pace_set_advisor(KSM_ADVISOR_NONE);
	KUNIT_EXPECT_EQ(test, ksm_pace_pages(), KSM_PAGES_TO_SCAN_DEFAULT);
}

static struct kunit_case pace_cases[] = {
	KUNIT_CASE(pace_by_admin),
	KUNIT_CASE(pace_by_advisor),
	{}
};

static struct kunit_suite pace_suite = {
	.name = "mm_ksm_pace",
	.init = pace_init,
	.exit = pace_exit,
	.test_cases = pace_cases,
};

kunit_test_suite(pace_suite);
