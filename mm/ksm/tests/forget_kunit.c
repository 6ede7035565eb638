// SPDX-License-Identifier: GPL-2.0
/*
 * Forgetting: whatever was known, what goes is counted and given back, and what stays
 * is as it was.
 */
#include <linux/rmap.h>

#include "process.h"

#define RANDOM_TILES	12
#define RANDOM_STEPS	20000

/* A slot is there, but its page goes away before anything is known of it. */
static void forget_unused_slot(struct kunit *test)
{
	struct ksm_tile *tile = tile_new(test, BASE);

	ksm_tile_track(tile, BIT_ULL(40));
	KUNIT_ASSERT_TRUE(test, ksm_block_reserve(tile, BIT_ULL(40)));
	KUNIT_ASSERT_TRUE(test, ksm_block_reserve(tile, LOW));
	expect_bytes(test, 1, KSM_BLOCK_63);
	ksm_forget_pages(tile, ALL);
	KUNIT_EXPECT_TRUE(test, ksm_forget_trim(tile));
	expect_nothing(test);
}

/* Without a folio: as if it were gone at the moment of the unmap. */
static void forget_mappings(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct ksm_tile *tile = tile_new(test, BASE);
	struct ksm_stable *stable = ksm_stable_alloc();
	struct anon_vma anon_vma = { .refcount = ATOMIC_INIT(1) };
	struct ksm_index index = {};

	KUNIT_ASSERT_NOT_NULL(test, stable);
	stable->pfn = KSM_HOLLOW;
	ksm_stable_insert(&index, stable);

	ksm_tile_track(tile, ALL);
	index_pages(test, tile, BIT_ULL(2) | BIT_ULL(50));
	settle(test, tile, BIT_ULL(51));
	ksm_mapping_add(tile, 2, stable, &anon_vma);
	ksm_mapping_add(tile, 50, stable, &anon_vma);
	ksm_mapping_add(tile, 51, stable, &anon_vma);
	KUNIT_EXPECT_EQ(test, ksm_tile_merged(tile), BIT_ULL(2) | BIT_ULL(50) | BIT_ULL(51));
	KUNIT_EXPECT_EQ(test, ksm_tile_unstable(tile) | ksm_tile_settled(tile), 0ULL);
	KUNIT_EXPECT_EQ(test, f->mm->ksm_merging_pages, 3UL);
	KUNIT_EXPECT_EQ(test, ksm_stats.shared - f->before.shared, 1UL);
	KUNIT_EXPECT_EQ(test, ksm_stats.sharing - f->before.sharing, 2UL);
	KUNIT_EXPECT_EQ(test, atomic_read(&anon_vma.refcount), 4);
	expect_pages(test, 64, 0);

	/* A mapping is no fingerprint to be forgotten. */
	ksm_tile_unsettle(tile, ALL);
	KUNIT_EXPECT_EQ(test, hweight64(ksm_tile_merged(tile)), 3UL);

	KUNIT_EXPECT_TRUE(test, ksm_mapping_end(tile, 51));
	KUNIT_EXPECT_EQ(test, ksm_tile_merged(tile), BIT_ULL(2) | BIT_ULL(50));
	ksm_forget_trim(tile);
	KUNIT_EXPECT_EQ(test, f->kmm.bytes, sizeof(*tile) + ksm_slot_block_bytes(KSM_BLOCK_2));
	KUNIT_EXPECT_PTR_EQ(test, ksm_slot_stable(ksm_slot(tile, 2)), stable);
	KUNIT_EXPECT_TRUE(test, ksm_mapping_end(tile, 50));
	ksm_forget_trim(tile);
	KUNIT_EXPECT_EQ(test, ksm_stats.sharing, f->before.sharing);

	/* The last mapping takes the node along. */
	ksm_forget_pages(tile, ALL);
	KUNIT_EXPECT_TRUE(test, ksm_forest_empty(&index.stable));
	KUNIT_EXPECT_EQ(test, atomic_read(&anon_vma.refcount), 1);
	ksm_forget_trim(tile);
	expect_nothing(test);
}

/* Which pages of a tile are in the list of a node's mappings. */
static u64 mapped_by(struct ksm_stable *stable)
{
	struct ksm_slot *slot;
	u64 pages = 0;

	hlist_for_each_entry(slot, &stable->mappings, link)
		pages ^= BIT_ULL(ksm_slot_nr(slot));
	return pages;
}

/* The only tile has such a block; there are bytes of a node, too. */
static void expect_block(struct kunit *test, enum ksm_shape shape)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, f->kmm.bytes,
			sizeof(struct ksm_tile) + ksm_slot_block_bytes(shape));
}

/* Mappings move with the others when their tile gets another block. */
static void forget_moved_mappings(struct kunit *test)
{
	static const u64 grow[] = { BIT_ULL(1), LOW, ALL };
	struct ksm_tile *tile = tile_new(test, BASE);
	struct ksm_stable *stable = ksm_stable_alloc();
	struct anon_vma anon_vma = { .refcount = ATOMIC_INIT(1) };
	u64 merged = BIT_ULL(2) | BIT_ULL(50) | BIT_ULL(63);
	struct ksm_index index = {};
	int i;

	KUNIT_ASSERT_NOT_NULL(test, stable);
	stable->pfn = KSM_HOLLOW;
	ksm_stable_insert(&index, stable);
	ksm_tile_track(tile, ALL);
	KUNIT_ASSERT_TRUE(test, ksm_block_reserve(tile, merged));
	ksm_mapping_add(tile, 2, stable, &anon_vma);
	ksm_mapping_add(tile, 50, stable, &anon_vma);
	ksm_mapping_add(tile, 63, stable, &anon_vma);
	expect_block(test, KSM_BLOCK_2);

	for (i = 0; i < ARRAY_SIZE(grow); i++) {
		KUNIT_ASSERT_TRUE(test, ksm_block_reserve(tile, grow[i]));
		KUNIT_EXPECT_EQ(test, mapped_by(stable), merged);
		KUNIT_EXPECT_PTR_EQ(test, ksm_slot_stable(ksm_slot(tile, 50)), stable);
		KUNIT_EXPECT_PTR_EQ(test, ksm_slot(tile, 63)->anon_vma, &anon_vma);
	}
	expect_block(test, KSM_BLOCK_63);
	KUNIT_EXPECT_FALSE(test, ksm_forget_trim(tile));
	expect_block(test, KSM_BLOCK_2);
	KUNIT_EXPECT_EQ(test, mapped_by(stable), merged);
	ksm_forget_pages(tile, ALL);
	KUNIT_EXPECT_TRUE(test, ksm_forest_empty(&index.stable));
	KUNIT_EXPECT_EQ(test, atomic_read(&anon_vma.refcount), 1);
	KUNIT_EXPECT_TRUE(test, ksm_forget_trim(tile));
	expect_nothing(test);
}

static void forget_mm(struct kunit *test)
{
	struct ksm_budget budget = { .reads = 1 };
	struct fixture *f = test->priv;
	int i;

	for (i = 0; i < 5; i++) {
		struct ksm_tile *tile = tile_new(test, BASE + i * KSM_TILE_SIZE);

		ksm_tile_track(tile, ALL);
		index_pages(test, tile, BIT_ULL(i) | BIT_ULL(60));
	}
	expect_pages(test, 5 * 64, 10);
	KUNIT_EXPECT_FALSE(test, ksm_forget_mm(&f->kmm, &budget));
	expect_pages(test, 5 * 64, 10);

	/* Each tile takes three visits, and the last of them is not waited for. */
	budget.visits = 5;
	KUNIT_EXPECT_FALSE(test, ksm_forget_mm(&f->kmm, &budget));
	expect_pages(test, 3 * 64, 6);
	KUNIT_EXPECT_EQ(test, budget.visits, 0UL);
	KUNIT_EXPECT_TRUE(test, ksm_forget_mm(&f->kmm, NULL));
	expect_nothing(test);
}

static void forget_range(struct kunit *test)
{
	struct ksm_budget budget = { .reads = 1 };
	struct fixture *f = test->priv;
	struct ksm_tile *tile[4], *twin;
	int i;

	/* A hole where the third of five would be. */
	for (i = 0; i < 4; i++) {
		tile[i] = tile_new(test, BASE + (i + (i > 1)) * KSM_TILE_SIZE);
		ksm_tile_track(tile[i], ALL);
		index_pages(test, tile[i], ALL);
	}
	twin = ksm_tile_get(&f->kmm, tile[1]->addr, 7);
	KUNIT_ASSERT_NOT_NULL(test, twin);
	ksm_tile_track(twin, ALL);

	/* Next to tiles, and in the hole. */
	ksm_forget_range(&f->kmm, 0, BASE, NULL, NULL);
	ksm_forget_range(&f->kmm, BASE + 2 * KSM_TILE_SIZE,
			 BASE + 3 * KSM_TILE_SIZE, NULL, NULL);
	ksm_forget_range(&f->kmm, BASE + 5 * KSM_TILE_SIZE, ULONG_MAX, NULL, NULL);
	expect_pages(test, 5 * 64, 4 * 64);
	KUNIT_EXPECT_FALSE(test, ksm_tile_any(&f->kmm, 0, BASE));
	KUNIT_EXPECT_FALSE(test, ksm_tile_any(&f->kmm, BASE + 2 * KSM_TILE_SIZE,
					      BASE + 3 * KSM_TILE_SIZE));
	KUNIT_EXPECT_TRUE(test, ksm_tile_any(&f->kmm, 0, BASE + PAGE_SIZE));

	/* At the addresses of a tile that stays. */
	ksm_forget_others(tile[0], tile[0]->addr, tile[0]->addr + PAGE_SIZE);
	ksm_forget_others(tile[1], tile[1]->addr, tile[1]->addr + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, tile[1]->present, ALL);
	KUNIT_EXPECT_EQ(test, twin->present, ALL << 1);

	/* From within the first tile to within the last. */
	ksm_forget_range(&f->kmm, tile[0]->addr + 63 * PAGE_SIZE,
			 tile[3]->addr + PAGE_SIZE, tile[1], NULL);
	KUNIT_EXPECT_EQ(test, tile[0]->present, ALL >> 1);
	KUNIT_EXPECT_EQ(test, ksm_tile_unstable(tile[0]), ALL >> 1);
	KUNIT_EXPECT_EQ(test, tile[1]->present, ALL);
	KUNIT_EXPECT_EQ(test, tile[3]->present, ALL << 1);
	expect_pages(test, 63 + 64 + 63, 63 + 64 + 63);
	expect_bytes(test, 3, KSM_BLOCK_63);

	/* No further than the budget goes: three tiles are left, the second twice. */
	KUNIT_EXPECT_EQ(test, ksm_forget_range(&f->kmm, 0, ULONG_MAX, NULL, &budget),
			tile[0]->addr);
	budget.visits = 1;
	KUNIT_EXPECT_EQ(test, ksm_forget_range(&f->kmm, 0, tile[0]->addr + 2 * PAGE_SIZE,
					       NULL, &budget),
			tile[0]->addr + 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, tile[0]->present, (ALL >> 1) & ~3ULL);

	/* Of two tiles at an address, the range alone decides. */
	ksm_forget_range(&f->kmm, tile[1]->addr, tile[1]->addr + PAGE_SIZE, NULL, NULL);
	KUNIT_EXPECT_EQ(test, tile[1]->present, ALL << 1);
	ksm_forget_range(&f->kmm, 0, ULONG_MAX, NULL, NULL);
	expect_nothing(test);
}

struct model_tile {
	struct ksm_tile *tile;
	u64 present, settled, unstable;
};

static void model_check(struct kunit *test, struct ksm_test_rng *rng,
			struct model_tile *model)
{
	unsigned long tracked = 0, unshared = 0;
	unsigned long bytes = 0;
	struct fixture *f = test->priv;
	int i;

	for (i = 0; i < RANDOM_TILES; i++) {
		struct model_tile *m = &model[i];
		u64 used = m->settled | m->unstable;

		if (!m->tile)
			continue;
		KUNIT_ASSERT_EQ_MSG(test, m->tile->present, m->present, "%s",
				    ksm_test_at(rng));
		KUNIT_ASSERT_EQ_MSG(test, ksm_tile_settled(m->tile), m->settled, "%s",
				    ksm_test_at(rng));
		KUNIT_ASSERT_EQ_MSG(test, ksm_tile_unstable(m->tile), m->unstable, "%s",
				    ksm_test_at(rng));
		tracked += hweight64(m->present);
		unshared += hweight64(m->unstable);
		ksm_block_trim(m->tile);
		bytes += sizeof(struct ksm_tile) +
			 ksm_slot_block_bytes(ksm_slot_shape_for(hweight64(used)));
	}
	KUNIT_ASSERT_EQ_MSG(test, f->mm->ksm_rmap_items, tracked, "%s",
			    ksm_test_at(rng));
	KUNIT_ASSERT_EQ_MSG(test, ksm_stats.tracked - f->before.tracked,
			    tracked, "%s", ksm_test_at(rng));
	KUNIT_ASSERT_EQ_MSG(test, ksm_stats.unshared - f->before.unshared,
			    unshared, "%s", ksm_test_at(rng));
	KUNIT_ASSERT_EQ_MSG(test, f->kmm.bytes, bytes, "%s", ksm_test_at(rng));
}

static void model_forget_range(struct kunit *test, struct ksm_test_rng *rng,
			       struct model_tile *model)
{
	unsigned int pages = RANDOM_TILES * KSM_TILE_PAGES;
	unsigned long start = BASE + ksm_test_below(rng, pages) * PAGE_SIZE;
	unsigned long end = start + (1 + ksm_test_below(rng, 150)) * PAGE_SIZE;
	struct ksm_tile *keep = model[ksm_test_below(rng, RANDOM_TILES)].tile;
	struct fixture *f = test->priv;
	int i;

	for (i = 0; i < RANDOM_TILES; i++) {
		struct model_tile *m = &model[i];
		u64 gone;

		if (!m->tile || m->tile == keep)
			continue;
		gone = mask_of(m->tile->addr, start, end);
		m->present &= ~gone;
		m->settled &= ~gone;
		m->unstable &= ~gone;
		if (gone && !m->present)
			m->tile = NULL;
	}
	ksm_forget_range(&f->kmm, start, end, keep, NULL);
}

static void model_step(struct kunit *test, struct ksm_test_rng *rng,
		       struct model_tile *model)
{
	unsigned int i = ksm_test_below(rng, RANDOM_TILES);
	unsigned int page = ksm_test_below(rng, KSM_TILE_PAGES);
	u64 pages = ksm_test_u64(rng) & ksm_test_u64(rng);
	struct model_tile *m = &model[i];
	u64 bit = BIT_ULL(page);

	if (!m->tile)
		m->tile = tile_new(test, BASE + i * KSM_TILE_SIZE);
	switch (ksm_test_below(rng, 10)) {
	case 0:
		ksm_tile_track(m->tile, pages);
		m->present |= pages;
		break;
	case 1:
		ksm_tile_unsettle(m->tile, pages);
		m->settled &= ~pages;
		m->unstable &= ~pages;
		break;
	case 2:
		ksm_forget_pages(m->tile, pages);
		m->present &= ~pages;
		m->settled &= ~pages;
		m->unstable &= ~pages;
		break;
	case 3:
		model_forget_range(test, rng, model);
		break;
	default:
		if (m->settled & bit) {
			/* Few keys, so that pages of several tiles tie. */
			ksm_tile_index(m->tile, page, index_of(test), KEY(page % 5));
			m->unstable |= bit;
			m->settled &= ~bit;
		} else if (m->present & ~m->unstable & bit) {
			settle(test, m->tile, bit);
			m->settled |= bit;
		}
	}
}

static void forget_random(struct kunit *test)
{
	struct ksm_test_rng rng = ksm_test_rng(20240917);
	struct model_tile *model;
	struct fixture *f = test->priv;

	model = kunit_kcalloc(test, RANDOM_TILES, sizeof(*model), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, model);
	for (; rng.step < RANDOM_STEPS; rng.step++) {
		model_step(test, &rng, model);
		model_check(test, &rng, model);
	}
	ksm_forget_mm(&f->kmm, NULL);
	expect_nothing(test);
}

static struct kunit_case forget_cases[] = {
	KUNIT_CASE(forget_unused_slot),
	KUNIT_CASE(forget_mappings),
	KUNIT_CASE(forget_moved_mappings),
	KUNIT_CASE(forget_mm),
	KUNIT_CASE(forget_range),
	KUNIT_CASE(forget_random),
	{}
};

static struct kunit_suite forget_suite = {
	.name = "mm_ksm_forget",
	.init = ksm_test_process,
	.test_cases = forget_cases,
};

kunit_test_suite(forget_suite);
