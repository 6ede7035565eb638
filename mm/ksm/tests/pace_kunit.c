// SPDX-License-Identifier: GPL-2.0
/*
 * Pace: what a batch may do, by the admin and by the advisor.
 */
#include <linux/math64.h>
#include <linux/time64.h>

#include "../advisor.h"
#include "kunit.h"

struct saved {
	struct ksm_stats stats;
	struct ksm_knobs knobs;
	struct ksm_advisor_state advisor;
};

/* As after a pass that has found something. */
static void end_idle(void)
{
	ksm_pace_end_pass(&(struct ksm_pass_result){ .merged = 100 });
}

static int pace_init(struct kunit *test)
{
	struct saved *saved = kunit_kzalloc(test, sizeof(*saved), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, saved);
	saved->stats = ksm_stats;
	saved->knobs = ksm_knobs;
	saved->advisor = ksm_advisor;
	test->priv = saved;
	end_idle();
	return 0;
}

static void pace_exit(struct kunit *test)
{
	struct saved *saved = test->priv;

	end_idle();
	ksm_pace_set_advisor(saved->advisor.mode);
	ksm_stats = saved->stats;
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
	ksm_pace_end_pass(&(struct ksm_pass_result){ .msecs = 100000, .cpu_msecs = 50000 });
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
	ksm_pace_end_pass(&(struct ksm_pass_result){
		.msecs = 4000 * MSEC_PER_SEC,
		.cpu_msecs = 40 * MSEC_PER_SEC,
	});
	pages = ksm_pace_pages();
	KUNIT_EXPECT_GT(test, pages, 600U);
	KUNIT_EXPECT_EQ(test, ksm_pace_batch().reads, pages);
	KUNIT_EXPECT_EQ(test, ksm_knobs.pages_to_scan, KSM_PAGES_TO_SCAN_DEFAULT);
	/* A pass that took no time at all divides nothing by zero. */
	ksm_pace_end_pass(&(struct ksm_pass_result){});
	KUNIT_EXPECT_GE(test, ksm_pace_pages(), 600U);
	KUNIT_EXPECT_EQ(test, ksm_advisor.last_secs, 1UL);
	KUNIT_EXPECT_EQ(test, ksm_pace_set_pages(5), -EINVAL);

	ksm_pace_set_advisor(KSM_ADVISOR_NONE);
	KUNIT_EXPECT_EQ(test, ksm_pace_pages(), KSM_PAGES_TO_SCAN_DEFAULT);
}

/* Passes like this one, one after the other, until the gap grows no more. */
static unsigned int gap_after(struct kunit *test, const struct ksm_pass_result *result)
{
	unsigned int passes, last = 0;

	for (passes = 0; passes < 40; passes++) {
		ksm_pace_end_pass(result);
		KUNIT_EXPECT_GE(test, ksm_pace_gap(), last);
		/* Never all at once. */
		KUNIT_EXPECT_LE(test, ksm_pace_gap(),
				max(2 * last, 2 * max(ksm_pace_pause(), 1U)));
		last = ksm_pace_gap();
	}
	return last;
}

static void pace_gap_grows(struct kunit *test)
{
	struct ksm_pass_result nothing = { .msecs = 40, .pages = 32768 };

	ksm_pace_set_advisor(KSM_ADVISOR_NONE);
	KUNIT_EXPECT_EQ(test, ksm_pace_gap(), 0U);
	/* As it is set at boot: the longest of all. */
	ksm_knobs.sleep_millisecs = 20;
	KUNIT_EXPECT_EQ(test, gap_after(test, &nothing), 2000U);

	/* Not longer than some of its own passes. */
	end_idle();
	nothing.msecs = 3;
	KUNIT_EXPECT_EQ(test, gap_after(test, &nothing), 64U * 3);

	/* With the pass not longer than it takes to read all pages at this pace. */
	end_idle();
	nothing.msecs = 5;
	nothing.pages = 1001;
	KUNIT_EXPECT_EQ(test, gap_after(test, &nothing), 11U * 20 + 1 - 5);
	end_idle();
	nothing.pages = 99;
	KUNIT_EXPECT_EQ(test, gap_after(test, &nothing), 15U);

	/* The admin wants no pause: then only what reading takes. */
	end_idle();
	ksm_knobs.sleep_millisecs = 0;
	nothing.pages = 50000;
	KUNIT_EXPECT_EQ(test, gap_after(test, &nothing), 45U);
	end_idle();
	nothing.pages = 0;
	KUNIT_EXPECT_EQ(test, gap_after(test, &nothing), 0U);
	/* A pass that took no time has a gap, too. */
	end_idle();
	ksm_knobs.sleep_millisecs = 20;
	nothing.msecs = 0;
	nothing.pages = 50000;
	KUNIT_EXPECT_EQ(test, gap_after(test, &nothing), 64U);
	/* Huge numbers do not wrap. */
	end_idle();
	nothing.msecs = 40;
	ksm_knobs.sleep_millisecs = UINT_MAX;
	nothing.pages = ULONG_MAX / 2;
	ksm_pace_end_pass(&nothing);
	KUNIT_EXPECT_EQ(test, ksm_pace_gap(), 2000U);
	ksm_knobs.pages_to_scan = 0;
	ksm_pace_end_pass(&nothing);
	KUNIT_EXPECT_EQ(test, ksm_pace_gap(), 2000U);
}

static void pace_gap_ends(struct kunit *test)
{
	struct ksm_pass_result nothing = { .msecs = 40, .pages = 32768 };
	struct ksm_pass_result some = nothing;

	ksm_pace_set_advisor(KSM_ADVISOR_NONE);
	ksm_stats.tracked = nothing.pages;

	/* A few pages that change all the time do not keep it busy. */
	some.found = 512;
	KUNIT_EXPECT_EQ(test, gap_after(test, &some), 2000U);
	KUNIT_EXPECT_EQ(test, ksm_pace_batch().visits, 100UL * KSM_VISITS_PER_READ_IDLE);
	ksm_pace_found(512);
	KUNIT_EXPECT_EQ(test, ksm_pace_gap(), 2000U);

	/* More do, as soon as they are found. */
	ksm_pace_found(529);
	KUNIT_EXPECT_EQ(test, ksm_pace_gap(), 0U);
	KUNIT_EXPECT_EQ(test, ksm_pace_batch().visits, 100UL * KSM_VISITS_PER_READ);
	some.found = 529;
	gap_after(test, &nothing);
	ksm_pace_end_pass(&some);
	KUNIT_EXPECT_EQ(test, ksm_pace_gap(), 0U);

	/* The same of pages that are merged. */
	some = nothing;
	some.merged = 512;
	KUNIT_EXPECT_EQ(test, gap_after(test, &some), 2000U);
	some.merged = 529;
	ksm_pace_end_pass(&some);
	KUNIT_EXPECT_EQ(test, ksm_pace_gap(), 0U);

	/* Or news: at once, and also for the pass after the one that is under way. */
	gap_after(test, &nothing);
	ksm_pace_news();
	KUNIT_EXPECT_EQ(test, ksm_pace_gap(), 0U);
	KUNIT_EXPECT_EQ(test, ksm_pace_batch().visits, 100UL * KSM_VISITS_PER_READ);
	ksm_pace_end_pass(&nothing);
	KUNIT_EXPECT_EQ(test, ksm_pace_gap(), 0U);
	ksm_pace_end_pass(&nothing);
	KUNIT_EXPECT_EQ(test, ksm_pace_gap(), 40U);
}

/* ksmd's time in virtual milliseconds, and how much of them it has used. */
#define BUDGET_MSECS	20000
static u32 used[BUDGET_MSECS + 10000];	/* ns */

/*
 * A batch that takes so much for each page, and something for itself; cut short where it
 * takes far too much, as ksm_budget::until says, but for the part that it is at.
 */
static u64 batch_takes(struct ksm_test_rng *rng, unsigned int pages, unsigned int load)
{
	static const unsigned int ns[] = { 300, 1000, 3000, 20000 };

	if (load == ARRAY_SIZE(ns))
		load = ksm_test_below(rng, ARRAY_SIZE(ns));
	return min(2000 + (u64)pages * ns[load],
		   2 * ksm_pace_batch_time() + 500 * NSEC_PER_USEC);
}

/* Whatever pages take: within the budget in any 2 s, and close to it, as there is work. */
static void pace_by_cpu_budget(struct kunit *test)
{
	static const unsigned int percents[] = { 1, 7, 20, 50, 90 };
	struct ksm_test_rng rng = ksm_test_rng(20261128);
	unsigned int i, load, t;

	for (i = 0; i < ARRAY_SIZE(percents); i++) {
		for (load = 0; load < 5; load++) {
			u64 now = 1000 * NSEC_PER_MSEC, start = now, runtime = 12345, sum = 0;
			u64 most = 0, all = 0, bound;

			ksm_advisor.max_cpu = percents[i];
			ksm_advisor.max_pages = 100000;
			ksm_pace_set_advisor(KSM_ADVISOR_CPU_BUDGET);
			memset(used, 0, sizeof(used));
			while (now - start < (u64)BUDGET_MSECS * NSEC_PER_MSEC) {
				u64 takes = batch_takes(&rng, ksm_pace_pages(), load);
				u64 end = now + takes;

				while (now < end) {
					u32 msec = div_u64(now - start, NSEC_PER_MSEC);
					u64 next = start + (msec + 1ULL) * NSEC_PER_MSEC;

					next = min(next, end);
					used[msec] += next - now;
					now = next;
				}
				runtime += takes;
				ksm_pace_spend(runtime, now, takes);
				now += (u64)ksm_pace_pause() * NSEC_PER_MSEC;
			}
			/* It may take a while to find out what a batch takes. */
			for (t = 2000; t < BUDGET_MSECS; t++) {
				sum += used[t];
				all += used[t];
				if (t >= 4000)
					sum -= used[t - 2000];
				most = max(most, sum);
			}
			bound = 2000ULL * (NSEC_PER_MSEC / 100) * percents[i];
			KUNIT_EXPECT_LE_MSG(test, most, div_u64(bound * 11, 10), "%u %%, load %u",
					    percents[i], load);
			KUNIT_EXPECT_GE_MSG(test, all, div_u64(bound * 9 * 9, 10), "%u %%, load %u",
					    percents[i], load);
			KUNIT_EXPECT_GE(test, ksm_pace_pages(), 1U);
			KUNIT_EXPECT_LE(test, ksm_pace_pages(), 100000U);
			KUNIT_EXPECT_EQ(test, ksm_pace_set_pages(5), -EINVAL);
		}
	}
}

static struct kunit_case pace_cases[] = {
	KUNIT_CASE(pace_by_cpu_budget),
	KUNIT_CASE(pace_by_admin),
	KUNIT_CASE(pace_by_advisor),
	KUNIT_CASE(pace_gap_grows),
	KUNIT_CASE(pace_gap_ends),
	{}
};

static struct kunit_suite pace_suite = {
	.name = "mm_ksm_pace",
	.init = pace_init,
	.exit = pace_exit,
	.test_cases = pace_cases,
};

kunit_test_suite(pace_suite);
