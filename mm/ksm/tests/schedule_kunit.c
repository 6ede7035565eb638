// SPDX-License-Identifier: GPL-2.0
/*
 * Schedules: in which passes a tile is read again, and when one that is always written
 * to is left alone.
 */
#include "kunit.h"

/* More than any interval, and across the wrap of its counters. */
#define PASSES		2000

struct fixture {
	struct ksm_tile tile;
	struct ksm_hints hints;
	unsigned long full_scans;
};

static int schedule_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->full_scans = ksm_stats.full_scans;
	test->priv = f;
	return 0;
}

static void schedule_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	ksm_stats.full_scans = f->full_scans;
}

/* A tile that was made in this pass. */
static struct ksm_tile *new_tile(struct kunit *test, unsigned long pass, unsigned long addr)
{
	struct fixture *f = test->priv;

	ksm_stats.full_scans = pass;
	f->tile = (struct ksm_tile){ .addr = addr, .present = ~0ULL, .reread = pass };
	return &f->tile;
}

/* A tile of which these pages are sampled. */
static struct ksm_tile *new_sampled(struct kunit *test, unsigned long pass, u64 sampled)
{
	struct ksm_tile *tile = new_tile(test, pass, 0);
	struct fixture *f = test->priv;

	f->hints = (struct ksm_hints){ .sampled = sampled };
	tile->hints = &f->hints;
	return tile;
}

/* Passes until the next reread of a page, the one that is due now being over. */
static unsigned int until_reread(struct ksm_tile *tile, unsigned int i)
{
	unsigned int passes = 0;

	do {
		ksm_stats.full_scans++;
		passes++;
	} while (!(ksm_schedule_reread(tile) & BIT_ULL(i)) && passes < PASSES);
	return passes;
}

static void schedule_reread_exact(struct kunit *test)
{
	static const unsigned long starts[] = { 0, 1000, 65500, 131000 };
	unsigned int i, n, passes, seen = 0;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		struct ksm_tile *tile = new_tile(test, starts[i], i * 0x40000);

		KUNIT_EXPECT_EQ(test, ksm_schedule_reread(tile), ~0ULL);
		/* For each VMA that has pages in it: also at the second look. */
		KUNIT_EXPECT_EQ(test, ksm_schedule_reread(tile), ~0ULL);
		for (n = 0; n < 3; n++) {
			passes = until_reread(tile, 0);
			KUNIT_EXPECT_GE(test, passes, 128U);
			KUNIT_EXPECT_LE(test, passes, 256U);
		}
	}
	/* Not all tiles in one pass. */
	for (i = 0; i < 64; i++) {
		struct ksm_tile *tile = new_tile(test, 7, i * KSM_TILE_SIZE);

		ksm_schedule_reread(tile);
		seen += until_reread(tile, 0) > 192;
	}
	KUNIT_EXPECT_GT(test, seen, 8U);
	KUNIT_EXPECT_LT(test, seen, 56U);
}

/* Soon at first, and then ever more rarely; soon again after a change. */
static void schedule_reread_sampled(struct kunit *test)
{
	struct ksm_tile *tile = new_sampled(test, 65530, ~0ULL);
	unsigned int last = 0, passes, i;

	KUNIT_EXPECT_EQ(test, ksm_schedule_reread(tile), ~0ULL);
	for (i = 0; i < 6; i++) {
		passes = until_reread(tile, 0);
		KUNIT_EXPECT_GE(test, passes, last);
		last = passes;
	}
	KUNIT_EXPECT_GE(test, last, 64U);
	KUNIT_EXPECT_LE(test, last, 65U);
	tile->interval = 0;
	KUNIT_EXPECT_LE(test, until_reread(tile, 0), 3U);
}

/* A few pages that are sampled do not have the others read as often. */
static void schedule_reread_mixed(struct kunit *test)
{
	struct ksm_tile *tile = new_sampled(test, 65530, 1);
	struct fixture *f = test->priv;
	unsigned int passes;

	KUNIT_EXPECT_EQ(test, ksm_schedule_reread(tile), 1ULL);
	KUNIT_EXPECT_LE(test, until_reread(tile, 0), 3U);
	passes = until_reread(tile, 1);
	KUNIT_EXPECT_GE(test, passes, 64U);
	KUNIT_EXPECT_LE(test, passes, 120U);

	/* What comes to be sampled late does not wait for as long as the others. */
	f->hints.sampled = 0;
	until_reread(tile, 1);
	ksm_stats.full_scans++;
	KUNIT_EXPECT_EQ(test, ksm_schedule_reread(tile), 0ULL);
	f->hints.sampled = 2;
	KUNIT_EXPECT_EQ(test, ksm_schedule_reread(tile), 0ULL);
	KUNIT_EXPECT_LE(test, until_reread(tile, 1), 64U);

	/* One that is not there does not count. */
	tile->present = 1;
	KUNIT_EXPECT_GE(test, until_reread(tile, 0), 128U);
}

/* There was no visit in the pass that was due: it is made up for. */
static void schedule_reread_late(struct kunit *test)
{
	struct ksm_tile *tile = new_tile(test, 100, 0);

	KUNIT_EXPECT_EQ(test, ksm_schedule_reread(tile), ~0ULL);
	ksm_stats.full_scans++;
	KUNIT_EXPECT_EQ(test, ksm_schedule_reread(tile), 0ULL);
	ksm_stats.full_scans += 300;
	KUNIT_EXPECT_EQ(test, ksm_schedule_reread(tile), ~0ULL);
	KUNIT_EXPECT_EQ(test, ksm_schedule_reread(tile), ~0ULL);
	ksm_stats.full_scans++;
	KUNIT_EXPECT_EQ(test, ksm_schedule_reread(tile), 0ULL);
}

/* Passes in which a tile is due, of which each finds as many pages changed. */
static unsigned int due_passes(struct ksm_tile *tile, unsigned int passes, u8 heated)
{
	unsigned int due = 0;

	while (passes--) {
		ksm_stats.full_scans++;
		if (ksm_schedule_heat(tile)) {
			tile->heated = heated;
			due++;
		}
	}
	return due;
}

static void schedule_heat(struct kunit *test)
{
	struct ksm_tile *tile = new_tile(test, 250, 0);
	unsigned int hot, cold;

	tile->present = ~0ULL;
	tile->due = 250;
	KUNIT_EXPECT_TRUE(test, ksm_schedule_heat(tile));
	/* What is always found changed is left alone, for ever longer, but not for ever. */
	hot = due_passes(tile, 800, 64);
	KUNIT_EXPECT_GE(test, hot, 800U / 17);
	KUNIT_EXPECT_LE(test, hot, 800U / 16 + 5);
	KUNIT_EXPECT_TRUE(test, tile->skip);
	/* A few changed pages do not have the whole tile left alone. */
	due_passes(tile, 40, 1);
	KUNIT_EXPECT_FALSE(test, tile->skip);
	/* What is found at rest is due in each pass. */
	due_passes(tile, 40, 0);
	cold = due_passes(tile, 100, 0);
	KUNIT_EXPECT_EQ(test, cold, 100U);
	KUNIT_EXPECT_EQ(test, (unsigned int)tile->heat, 0U);
}

static struct kunit_case schedule_cases[] = {
	KUNIT_CASE(schedule_reread_exact),
	KUNIT_CASE(schedule_reread_sampled),
	KUNIT_CASE(schedule_reread_mixed),
	KUNIT_CASE(schedule_reread_late),
	KUNIT_CASE(schedule_heat),
	{}
};

static struct kunit_suite schedule_suite = {
	.name = "mm_ksm_schedule",
	.init = schedule_init,
	.exit = schedule_exit,
	.test_cases = schedule_cases,
};

kunit_test_suite(schedule_suite);
