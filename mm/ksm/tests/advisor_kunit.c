// SPDX-License-Identifier: GPL-2.0
/*
 * The advisor's arithmetic, and whether it brings simulated passes to the time
 * that was asked for.
 */
#include <linux/math.h>

#include "../advisor.h"
#include "kunit.h"

#define TARGET		200

static const struct ksm_advisor_state defaults = {
	.mode = KSM_ADVISOR_SCAN_TIME,
	.min_pages = 500,
	.max_pages = 30000,
	.target_secs = TARGET,
	.max_cpu = 70,
	.trend = 100,
};

static unsigned long advise(struct ksm_advisor_state *state, unsigned long pages,
			    unsigned long secs, unsigned long percent)
{
	struct ksm_advisor_pass pass = {
		.pages_to_scan = pages,
		.scan_secs = secs,
		.cpu_percent = percent,
	};

	return ksm_advisor_advise(state, &pass);
}

static void advisor_on_target(struct kunit *test)
{
	struct ksm_advisor_state state = defaults;
	int i;

	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_EQ(test, advise(&state, 3000, TARGET, 30), 3000UL);
	KUNIT_EXPECT_EQ(test, state.trend, 100UL);
	KUNIT_EXPECT_EQ(test, state.last_secs, (unsigned long)TARGET);
}

/* The first pass has no trend yet. */
static void advisor_proportional(struct kunit *test)
{
	struct ksm_advisor_state state = defaults;

	KUNIT_EXPECT_EQ(test, advise(&state, 3000, 2 * TARGET, 30), 6000UL);
	state = defaults;
	KUNIT_EXPECT_EQ(test, advise(&state, 3000, TARGET / 2, 30), 1500UL);
}

static void advisor_trend(struct kunit *test)
{
	struct ksm_advisor_state state = defaults;

	state.last_secs = 100;
	/* Passes take twice as long all at once: 30 percent of that is believed. */
	KUNIT_EXPECT_EQ(test, advise(&state, 3000, 200, 30), 3900UL);
	KUNIT_EXPECT_EQ(test, state.trend, 130UL);
	/* It stays at that: the trend fades. */
	KUNIT_EXPECT_EQ(test, advise(&state, 3000, 200, 30), 3630UL);
	KUNIT_EXPECT_EQ(test, state.trend, 121UL);
	KUNIT_EXPECT_EQ(test, advise(&state, 3000, 200, 30), 3420UL);
	KUNIT_EXPECT_EQ(test, state.trend, 114UL);
	/* And back. */
	advise(&state, 3000, 100, 30);
	KUNIT_EXPECT_EQ(test, state.trend, 94UL);
}

static void advisor_cpu_limits(struct kunit *test)
{
	struct ksm_advisor_state state = defaults;

	/* 20 pages a percent, and 70 percent at the most. */
	KUNIT_EXPECT_EQ(test, advise(&state, 1000, 50 * TARGET, 50), 1400UL);
	state = defaults;
	state.max_cpu = 35;
	KUNIT_EXPECT_EQ(test, advise(&state, 1000, 50 * TARGET, 50), 700UL);
	/* 500 pages a percent, and 10 percent are always allowed. */
	state = defaults;
	KUNIT_EXPECT_EQ(test, advise(&state, 1000, 1, 2), 5000UL);
	/* A page that costs more than a percent counts as one. */
	state = defaults;
	state.min_pages = 1;
	KUNIT_EXPECT_EQ(test, advise(&state, 20, 50 * TARGET, 90), 70UL);
}

static void advisor_page_limits(struct kunit *test)
{
	struct ksm_advisor_state state = defaults;

	KUNIT_EXPECT_EQ(test, advise(&state, 30000, 100 * TARGET, 1), 30000UL);
	/* Neither a short pass nor a dear one goes below the minimum. */
	state = defaults;
	KUNIT_EXPECT_EQ(test, advise(&state, 600, 1, 90), 500UL);
	state = defaults;
	KUNIT_EXPECT_EQ(test, advise(&state, 100, 100 * TARGET, 100), 500UL);
	/* A maximum below the minimum is still a maximum. */
	state = defaults;
	state.max_pages = 400;
	KUNIT_EXPECT_EQ(test, advise(&state, 600, TARGET, 30), 400UL);
	/* There is a way back from nothing. */
	state = defaults;
	KUNIT_EXPECT_EQ(test, advise(&state, 0, TARGET, 1), 500UL);
	/* And no way to it: ksmd would stop for good. */
	state = defaults;
	state.min_pages = 0;
	state.max_pages = 0;
	KUNIT_EXPECT_EQ(test, advise(&state, 600, TARGET, 30), 1UL);
#if BITS_PER_LONG == 64
	/* Nor more than the knob holds. */
	state.min_pages = 1UL << 32;
	state.max_pages = ULONG_MAX;
	KUNIT_EXPECT_EQ(test, advise(&state, 600, TARGET, 30), (unsigned long)UINT_MAX);
#endif
}

/*
 * A machine whose passes take as many batches as its pages need, each a pause
 * of 20 ms and the cost of its pages.
 */
struct machine {
	unsigned long pages;
	unsigned long ns_per_page;
};

static void run_pass(const struct machine *machine,
		     struct ksm_advisor_state *state, unsigned long *pages,
		     unsigned long *secs)
{
	unsigned long work = machine->pages / 1000 * machine->ns_per_page / 1000;
	unsigned long msecs = DIV_ROUND_UP(machine->pages, *pages) * 20 + work;

	*secs = max(msecs / 1000, 1UL);
	*pages = advise(state, *pages, *secs, max(work * 100 / msecs, 1UL));
}

static void advisor_converges(struct kunit *test)
{
	static const struct machine machine[] = {
		{ 20000000, 5000 },	/* 76 GiB, a dear page */
		{ 100000000, 500 },	/* 380 GiB, a cheap one */
		{ 30000000, 3000 },
	};
	static const unsigned long start[] = { 500, 4000, 30000 };
	int i, j, pass;

	for (i = 0; i < ARRAY_SIZE(machine); i++) {
		for (j = 0; j < ARRAY_SIZE(start); j++) {
			struct ksm_advisor_state state = defaults;
			unsigned long pages = start[j], secs;

			/* Within a tenth of the target, and there to stay. */
			for (pass = 1; pass <= 40; pass++) {
				run_pass(&machine[i], &state, &pages, &secs);
				if (pass <= 12)
					continue;
				KUNIT_EXPECT_LE_MSG(test,
						    abs_diff(secs, (unsigned long)TARGET),
						    TARGET / 10UL,
						    "machine %d from %lu, pass %d",
						    i, start[j], pass);
			}
		}
	}
}

/* When the memory doubles, so does the rate, and the target holds again. */
static void advisor_follows(struct kunit *test)
{
	struct machine machine = { 30000000, 1000 };
	struct ksm_advisor_state state = defaults;
	unsigned long pages = 500, before, secs;
	int pass;

	for (pass = 0; pass < 20; pass++)
		run_pass(&machine, &state, &pages, &secs);
	before = pages;
	machine.pages *= 2;
	for (pass = 0; pass < 12; pass++)
		run_pass(&machine, &state, &pages, &secs);
	KUNIT_EXPECT_GT(test, pages, before * 3 / 2);
	KUNIT_EXPECT_LE(test, abs_diff(secs, (unsigned long)TARGET), TARGET / 10UL);
}

/* More than any machine has: the result is at a limit, never a wrapped number. */
static void advisor_huge(struct kunit *test)
{
	struct ksm_advisor_state state = defaults;
	int i;

	state.last_secs = 1;
	state.target_secs = 1;
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, advise(&state, ULONG_MAX, ULONG_MAX, 1), 30000UL);
		/* The next change is as large. */
		state.last_secs = 1;
	}
	KUNIT_EXPECT_GT(test, state.trend, 100UL);

	state.max_pages = ULONG_MAX;
	state.max_cpu = UINT_MAX;
	KUNIT_EXPECT_EQ(test, advise(&state, ULONG_MAX, ULONG_MAX, 1),
			(unsigned long)UINT_MAX);

	/* Ten percent of what it cost is more than a number can tell. */
	state = defaults;
	state.max_pages = ULONG_MAX;
	KUNIT_EXPECT_EQ(test, advise(&state, ULONG_MAX, 1, 1),
			(unsigned long)UINT_MAX);

	state = defaults;
	state.target_secs = ULONG_MAX;
	KUNIT_EXPECT_EQ(test, advise(&state, 1000, 1, 100), 500UL);
}

/* A trend that has gone through the roof comes down again. */
static void advisor_recovers(struct kunit *test)
{
	struct ksm_advisor_state state = defaults;
	struct machine machine = { 20000000, 5000 };
	unsigned long pages = 500, secs;
	int pass;

	state.last_secs = 1;
	advise(&state, 500, UINT_MAX, 1);
	for (pass = 0; pass < 60; pass++)
		run_pass(&machine, &state, &pages, &secs);
	KUNIT_EXPECT_LE(test, abs_diff(secs, (unsigned long)TARGET), TARGET / 10UL);
}

static struct kunit_case advisor_cases[] = {
	KUNIT_CASE(advisor_on_target),
	KUNIT_CASE(advisor_proportional),
	KUNIT_CASE(advisor_trend),
	KUNIT_CASE(advisor_cpu_limits),
	KUNIT_CASE(advisor_page_limits),
	KUNIT_CASE(advisor_converges),
	KUNIT_CASE(advisor_follows),
	KUNIT_CASE(advisor_huge),
	KUNIT_CASE(advisor_recovers),
	{}
};

static struct kunit_suite advisor_suite = {
	.name = "mm_ksm_advisor",
	.test_cases = advisor_cases,
};

kunit_test_suite(advisor_suite);
