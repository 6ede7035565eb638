// SPDX-License-Identifier: GPL-2.0
/*
 * Slots: from tile and page to slot and back, and how much memory they take.
 */
#include "kunit.h"

#define ALL		(~0ULL)

/* What a tile and its slots may take for each settled page. */
#define MOST_BYTES	128

static void slot_round_trip(struct kunit *test)
{
	struct ksm_tile *tile = ksm_test_tile(test);
	struct ksm_stable *stable = ksm_stable_alloc();
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, stable);
	for (i = 0; i < KSM_TILE_PAGES; i++) {
		struct ksm_slot *slot = ksm_slot(tile, i);

		ksm_slot_set_key(slot, ALL, MAX_NUMNODES - 1);
		KUNIT_EXPECT_EQ(test, ksm_slot_key(slot), KSM_KEY_MASK);
		KUNIT_EXPECT_EQ(test, ksm_slot_nid(slot), MAX_NUMNODES - 1);
		KUNIT_EXPECT_EQ(test, ksm_slot_nr(slot), i);
		KUNIT_EXPECT_EQ(test, ksm_slot_row(tile, i), i ? KSM_TILE_PAGES - i : 1);
		ksm_slot_set_key(slot, 0, 0);
		KUNIT_EXPECT_EQ(test, ksm_slot_key(slot), 0ULL);
		KUNIT_EXPECT_EQ(test, ksm_slot_nid(slot), 0);
		KUNIT_EXPECT_EQ(test, ksm_slot_nr(slot), i);
		KUNIT_EXPECT_PTR_EQ(test, ksm_slot_tile(slot), tile);

		ksm_stable_map(stable, slot, UINT_MAX);
		KUNIT_EXPECT_PTR_EQ(test, ksm_slot_stable(slot), stable);
		KUNIT_EXPECT_EQ(test, ksm_slot_nr(slot), i);
		KUNIT_EXPECT_PTR_EQ(test, ksm_slot_tile(slot), tile);
		ksm_stable_unmap(stable, slot, UINT_MAX);
	}
	ksm_stable_free(stable);
}

static void slot_bytes(struct kunit *test)
{
	unsigned int pages;

	KUNIT_EXPECT_EQ(test, ksm_slot_shape_for(0), KSM_NO_BLOCK);
	for (pages = 1; pages <= KSM_TILE_PAGES; pages++) {
		enum ksm_shape shape = ksm_slot_shape_for(pages);
		unsigned long bytes = sizeof(struct ksm_tile) + ksm_slot_block_bytes(shape);

		KUNIT_EXPECT_LE_MSG(test, bytes, pages * MOST_BYTES, "%u pages", pages);
		/* A smaller one would not do. */
		KUNIT_EXPECT_GE_MSG(test, ksm_slot_block_bytes(shape),
				    (pages - 1) * sizeof(struct ksm_slot), "%u pages",
				    pages);
	}
	KUNIT_EXPECT_EQ(test, ksm_slot_shape_for(KSM_TILE_PAGES), KSM_BLOCK_63);
}

static struct kunit_case slot_cases[] = {
	KUNIT_CASE(slot_round_trip),
	KUNIT_CASE(slot_bytes),
	{}
};

static struct kunit_suite slot_suite = {
	.name = "mm_ksm_slot",
	.test_cases = slot_cases,
};

kunit_test_suite(slot_suite);
