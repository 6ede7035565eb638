// SPDX-License-Identifier: GPL-2.0
/*
 * Tiles: which pages are in which state, and that all is counted and given back.
 */

#include "process.h"

static void tile_get(struct kunit *test)
{
	/* Addresses and indexes that a comparison of one of them would mix up. */
	static const struct {
		unsigned int addr, pgoff;
	} want[] = {
		{ 0, 5 }, { 1, 0 }, { 1, 1 }, { 1, 9 }, { 2, 3 }, { 3, 0 }, { 3, 2 },
	};
	struct fixture *f = test->priv;
	struct ksm_tile *tile[ARRAY_SIZE(want)];
	struct rb_node *node;
	int i;

	/* 3 and 7 have no common factor: each once, in no order. */
	for (i = 0; i < ARRAY_SIZE(want); i++) {
		int j = i * 3 % ARRAY_SIZE(want);

		tile[j] = ksm_tile_get(&f->kmm, want[j].addr * KSM_TILE_SIZE,
				       want[j].pgoff);
		KUNIT_ASSERT_NOT_NULL(test, tile[j]);
		KUNIT_EXPECT_PTR_EQ(test, tile[j]->owner, &f->kmm);
		expect_bytes(test, i + 1, 0);
	}
	for (i = 0, node = rb_first(&f->kmm.tiles); node; node = rb_next(node))
		KUNIT_EXPECT_PTR_EQ(test, rb_entry(node, struct ksm_tile, node),
				    tile[i++]);
	KUNIT_EXPECT_EQ(test, i, (int)ARRAY_SIZE(want));

	/* Known tiles are found again. */
	for (i = 0; i < ARRAY_SIZE(want); i++)
		KUNIT_EXPECT_PTR_EQ(test, tile[i],
				    ksm_tile_get(&f->kmm, tile[i]->addr,
						 tile[i]->pgoff));
	expect_bytes(test, ARRAY_SIZE(want), 0);

	KUNIT_EXPECT_TRUE(test, ksm_forget_mm(&f->kmm, NULL));
	expect_nothing(test);
}

static void tile_mask(struct kunit *test)
{
	struct ksm_tile tile = { .addr = BASE };
	int first, end;

	/* From two pages before the tile to two pages after it. */
	for (first = -2; first < KSM_TILE_PAGES; first++) {
		for (end = max(first, 0) + 1; end <= KSM_TILE_PAGES + 2; end++) {
			unsigned long from = BASE + first * (long)PAGE_SIZE;
			unsigned long to = BASE + end * PAGE_SIZE;

			KUNIT_ASSERT_EQ_MSG(test,
					    ksm_tile_mask(&tile, from, to),
					    mask_of(BASE, from, to), "%d to %d",
					    first, end);
		}
	}
	KUNIT_EXPECT_EQ(test, ksm_tile_mask(&tile, 0, ULONG_MAX), ALL);
	tile.addr = 0;
	KUNIT_EXPECT_EQ(test, ksm_tile_mask(&tile, 0, PAGE_SIZE), BIT_ULL(0));
	KUNIT_EXPECT_EQ(test, ksm_tile_mask(&tile, 0, KSM_TILE_SIZE), ALL);
	KUNIT_EXPECT_EQ(test, ksm_tile_mask(&tile, 0, ULONG_MAX), ALL);
}

static void tile_track(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct ksm_tile *tile = tile_new(test, BASE);

	ksm_tile_track(tile, LOW);
	expect_pages(test, 32, 0);
	/* A page that is tracked already counts once. */
	ksm_tile_track(tile, ALL);
	expect_pages(test, 64, 0);
	KUNIT_EXPECT_EQ(test, tile->present, ALL);
	KUNIT_EXPECT_FALSE(test, ksm_forget_trim(tile));

	ksm_forget_pages(tile, LOW);
	ksm_forget_pages(tile, LOW);
	expect_pages(test, 32, 0);
	KUNIT_EXPECT_EQ(test, tile->present, HIGH);
	/* A page needs no slot to be tracked. */
	expect_bytes(test, 1, 0);
	ksm_forget_pages(tile, ALL);
	KUNIT_EXPECT_TRUE(test, ksm_forget_trim(tile));
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&f->kmm.tiles));
	expect_nothing(test);
}

static void tile_settle(struct kunit *test)
{
	struct ksm_tile *tile = tile_new(test, BASE);

	ksm_tile_track(tile, ALL);
	KUNIT_ASSERT_TRUE(test, ksm_block_reserve(tile, BIT_ULL(40)));
	ksm_tile_settle(tile, 40, ALL);
	KUNIT_EXPECT_EQ(test, ksm_tile_settled(tile), BIT_ULL(40));
	KUNIT_EXPECT_EQ(test, ksm_slot_key(ksm_slot(tile, 40)), KSM_KEY_MASK);
	KUNIT_EXPECT_EQ(test, ksm_slot_nr(ksm_slot(tile, 40)), 40U);
	/* The tile has a slot for it. */
	KUNIT_EXPECT_NULL(test, tile->block);
	expect_bytes(test, 1, KSM_NO_BLOCK);
	/* Settled is not yet in the tree. */
	expect_pages(test, 64, 0);

	settle(test, tile, BIT_ULL(3) | BIT_ULL(31) | BIT_ULL(63));
	expect_bytes(test, 1, KSM_BLOCK_4);
	KUNIT_EXPECT_EQ(test, ksm_slot_key(ksm_slot(tile, 31)), KEY(31));
	KUNIT_EXPECT_EQ(test, ksm_slot_key(ksm_slot(tile, 40)), KSM_KEY_MASK);

	/* Slots are given back when the tile is trimmed. */
	ksm_tile_unsettle(tile, BIT_ULL(63) | BIT_ULL(40));
	KUNIT_EXPECT_EQ(test, ksm_tile_settled(tile), BIT_ULL(3) | BIT_ULL(31));
	expect_bytes(test, 1, KSM_BLOCK_4);
	ksm_forget_trim(tile);
	expect_bytes(test, 1, KSM_BLOCK_2);
	KUNIT_EXPECT_EQ(test, ksm_slot_key(ksm_slot(tile, 3)), KEY(3));
	KUNIT_EXPECT_EQ(test, ksm_slot_nr(ksm_slot(tile, 31)), 31U);
	ksm_tile_unsettle(tile, BIT_ULL(3));
	ksm_forget_trim(tile);
	expect_bytes(test, 1, KSM_NO_BLOCK);
	KUNIT_EXPECT_EQ(test, ksm_slot_key(ksm_slot(tile, 31)), KEY(31));

	/* A place of one that is not needed any more is used again. */
	ksm_tile_unsettle(tile, ALL);
	settle(test, tile, BIT_ULL(5));
	expect_bytes(test, 1, KSM_NO_BLOCK);
	KUNIT_EXPECT_EQ(test, ksm_slot_nr(ksm_slot(tile, 5)), 5U);
	expect_pages(test, 64, 0);

	/* The slot in the tile stands alone. */
	settle(test, tile, BIT_ULL(6) | BIT_ULL(7) | BIT_ULL(9));
	KUNIT_EXPECT_EQ(test, ksm_slot_row(tile, 5), 1U);
	KUNIT_EXPECT_EQ(test, ksm_slot_row(tile, 6), 2U);
	KUNIT_EXPECT_EQ(test, ksm_slot_row(tile, 9), 1U);
	ksm_forget_pages(tile, ALL);
	ksm_forget_trim(tile);
	expect_nothing(test);
}

static void tile_index(struct kunit *test)
{
	struct ksm_tile *tile = tile_new(test, BASE);
	u64 pages = BIT_ULL(0) | BIT_ULL(31) | BIT_ULL(32) | BIT_ULL(63);

	ksm_tile_track(tile, ALL);
	settle(test, tile, BIT_ULL(1));
	index_pages(test, tile, pages);
	KUNIT_EXPECT_EQ(test, ksm_tile_unstable(tile), pages);
	KUNIT_EXPECT_EQ(test, ksm_tile_settled(tile), BIT_ULL(1));
	expect_pages(test, 64, 4);
	KUNIT_EXPECT_PTR_EQ(test, ksm_unstable_first(index_of(test), KEY(32)),
			    ksm_slot(tile, 32));

	/* Only what has changed leaves the tree. */
	ksm_tile_unsettle(tile, BIT_ULL(32) | BIT_ULL(5));
	KUNIT_EXPECT_NULL(test, ksm_unstable_first(index_of(test), KEY(32)));
	KUNIT_EXPECT_PTR_EQ(test, ksm_unstable_first(index_of(test), KEY(63)),
			    ksm_slot(tile, 63));
	expect_pages(test, 64, 3);
	expect_bytes(test, 1, KSM_BLOCK_4);

	ksm_forget_pages(tile, HIGH);
	KUNIT_EXPECT_EQ(test, ksm_tile_unstable(tile), BIT_ULL(0) | BIT_ULL(31));
	expect_pages(test, 32, 2);
	ksm_forget_trim(tile);
	expect_bytes(test, 1, KSM_BLOCK_2);
	ksm_forget_pages(tile, ALL);
	KUNIT_EXPECT_EQ(test, ksm_tile_settled(tile), 0ULL);
	ksm_forget_trim(tile);
	expect_nothing(test);
}

/* Pages of one fingerprint are all looked up again, as many at a time as are wanted. */
static void tile_unsettle_equals(struct kunit *test)
{
	struct ksm_tile *tile = tile_new(test, BASE);
	struct ksm_index *index = index_of(test);
	unsigned int i;

	ksm_tile_track(tile, ALL);
	index_pages(test, tile, HIGH);
	settle(test, tile, LOW);
	for (i = 0; i < 32; i++) {
		bool first = ksm_tile_index_only(tile, i, index, KEY(100));

		KUNIT_EXPECT_EQ(test, first, !i);
		KUNIT_EXPECT_EQ(test, ksm_tile_unstable(tile) & BIT_ULL(i),
				first ? BIT_ULL(i) : 0);
		if (!first)
			ksm_tile_index(tile, i, index, KEY(100));
		KUNIT_EXPECT_EQ(test, ksm_slot_matches(ksm_slot(tile, 0)), !first);
	}
	KUNIT_EXPECT_FALSE(test, ksm_slot_matches(ksm_slot(tile, 40)));
	expect_pages(test, 64, 64);

	KUNIT_EXPECT_FALSE(test, ksm_tile_unsettle_equals(index, KEY(100), 31));
	expect_pages(test, 64, 33);
	KUNIT_EXPECT_TRUE(test, ksm_tile_unsettle_equals(index, KEY(100), 1));
	KUNIT_EXPECT_EQ(test, ksm_tile_unstable(tile), HIGH);
	KUNIT_EXPECT_TRUE(test, ksm_tile_unsettle_equals(index, KEY(100), 0));
	expect_pages(test, 64, 32);
	ksm_forget_pages(tile, ALL);
	KUNIT_EXPECT_TRUE(test, ksm_forget_trim(tile));
	expect_nothing(test);
}

static void tile_hints(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct ksm_tile *tile = tile_new(test, BASE);

	KUNIT_ASSERT_TRUE(test, ksm_tile_hints_alloc(tile));
	KUNIT_ASSERT_TRUE(test, ksm_tile_hints_alloc(tile));
	KUNIT_EXPECT_EQ(test, f->kmm.bytes, sizeof(*tile) + sizeof(*tile->hints));
	ksm_tile_hints_free(tile);
	ksm_tile_hints_free(tile);
	KUNIT_EXPECT_EQ(test, f->kmm.bytes, sizeof(*tile));
	KUNIT_ASSERT_TRUE(test, ksm_tile_hints_alloc(tile));
	KUNIT_EXPECT_TRUE(test, ksm_forget_trim(tile));
	expect_nothing(test);
}

/* In any order, each found or made by what comes after it. */
static void tile_get_at(struct kunit *test)
{
	struct ksm_test_rng rng = ksm_test_rng(20261126);
	struct fixture *f = test->priv;
	struct ksm_tile *tile, *last = NULL;
	unsigned int made = 0;

	for (; rng.step < 2000; rng.step++) {
		unsigned long addr = ksm_test_below(&rng, 60) * KSM_TILE_SIZE;
		pgoff_t pgoff = ksm_test_below(&rng, 4);
		bool known = ksm_tile_find(&f->kmm, addr, pgoff);

		tile = ksm_tile_get_at(&f->kmm, addr, pgoff,
				       ksm_tile_from(&f->kmm, addr));
		KUNIT_ASSERT_NOT_NULL(test, tile);
		KUNIT_ASSERT_EQ_MSG(test, tile->addr, addr, "%s", ksm_test_at(&rng));
		KUNIT_ASSERT_EQ_MSG(test, tile->pgoff, pgoff, "%s", ksm_test_at(&rng));
		KUNIT_ASSERT_PTR_EQ_MSG(test, ksm_tile_find(&f->kmm, addr, pgoff), tile,
					"%s", ksm_test_at(&rng));
		made += !known;
		expect_bytes(test, made, KSM_NO_BLOCK);
	}
	for (tile = ksm_tile_first(&f->kmm); tile; tile = ksm_tile_next(tile)) {
		KUNIT_EXPECT_TRUE(test, !last || last->addr < tile->addr ||
				  (last->addr == tile->addr && last->pgoff < tile->pgoff));
		last = tile;
		made--;
	}
	KUNIT_EXPECT_EQ(test, made, 0U);
	KUNIT_EXPECT_TRUE(test, ksm_forget_mm(&f->kmm, NULL));
	expect_nothing(test);
}

static struct kunit_case tile_cases[] = {
	KUNIT_CASE(tile_get),
	KUNIT_CASE(tile_get_at),
	KUNIT_CASE(tile_mask),
	KUNIT_CASE(tile_track),
	KUNIT_CASE(tile_settle),
	KUNIT_CASE(tile_index),
	KUNIT_CASE(tile_unsettle_equals),
	KUNIT_CASE(tile_hints),
	{}
};

static struct kunit_suite tile_suite = {
	.name = "mm_ksm_tile",
	.init = ksm_test_process,
	.test_cases = tile_cases,
};

kunit_test_suite(tile_suite);
