// SPDX-License-Identifier: GPL-2.0
/*
 * Tiles: which pages are in which state, and that all is counted and given back.
 */
#include <linux/rmap.h>

#include "kunit.h"

#define BASE		(KSM_TILE_SIZE * 1000)
#define KEY(i)		((u64)((i) + 1) << 32)
#define ALL		(~0ULL)
#define LOW		GENMASK_ULL(31, 0)
#define HIGH		(~LOW)

#define RANDOM_TILES	12
#define RANDOM_STEPS	20000

/* A process that ksmd alone knows of, and what was there before it. */
struct fixture {
	struct ksm_mm kmm;
	struct mm_struct *mm;
	struct ksm_stats before;
	long bytes;
};

static int tile_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->mm = kunit_kzalloc(test, sizeof(*f->mm), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f->mm);
	f->kmm.slot.mm = f->mm;
	f->kmm.tiles = RB_ROOT;
	f->kmm.domain = ksm_domain_of(f->mm);
	f->before = ksm_stats;
	f->bytes = atomic_long_read(&ksm_stats.bytes);
	test->priv = f;
	return 0;
}

static struct ksm_tile *tile_new(struct kunit *test, unsigned long addr)
{
	struct fixture *f = test->priv;
	struct ksm_tile *tile = ksm_tile_get(&f->kmm, addr, addr >> PAGE_SHIFT);

	KUNIT_ASSERT_NOT_NULL(test, tile);
	return tile;
}

static struct ksm_index *index_of(struct kunit *test)
{
	struct fixture *f = test->priv;

	return ksm_domain_index(f->kmm.domain, 0);
}

static void settle(struct kunit *test, struct ksm_tile *tile, u64 pages)
{
	for (; pages; pages &= pages - 1)
		KUNIT_ASSERT_TRUE(test, ksm_tile_settle(tile, __ffs64(pages),
							KEY(__ffs64(pages))));
}

static void index_pages(struct kunit *test, struct ksm_tile *tile, u64 pages)
{
	settle(test, tile, pages);
	for (; pages; pages &= pages - 1)
		ksm_tile_index(tile, __ffs64(pages), index_of(test),
			       KEY(__ffs64(pages)));
}

static void expect_bytes(struct kunit *test, unsigned int tiles, enum ksm_shape shape)
{
	unsigned long bytes = tiles * (sizeof(struct ksm_tile) + ksm_block_bytes(shape));
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, f->kmm.bytes, bytes);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&ksm_stats.bytes) - f->bytes,
			(long)bytes);
}

static void expect_pages(struct kunit *test, unsigned long tracked,
			 unsigned long unshared)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, f->mm->ksm_rmap_items, tracked);
	KUNIT_EXPECT_EQ(test, ksm_stats.tracked - f->before.tracked, tracked);
	KUNIT_EXPECT_EQ(test, ksm_stats.unshared - f->before.unshared, unshared);
}

static void expect_nothing(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&f->kmm.tiles));
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&index_of(test)->unstable));
	KUNIT_EXPECT_EQ(test, f->mm->ksm_merging_pages, 0UL);
	KUNIT_EXPECT_EQ(test, ksm_stats.shared, f->before.shared);
	KUNIT_EXPECT_EQ(test, ksm_stats.sharing, f->before.sharing);
	KUNIT_EXPECT_EQ(test, ksm_stats.unslotted, f->before.unslotted);
	expect_pages(test, 0, 0);
	expect_bytes(test, 0, 0);
}

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

/* What ksm_tile_mask() is to say, page by page. */
static u64 mask_of(unsigned long addr, unsigned long start, unsigned long end)
{
	u64 mask = 0;
	int i;

	for (i = 0; i < KSM_TILE_PAGES; i++, addr += PAGE_SIZE)
		if (addr >= start && addr < end)
			mask |= BIT_ULL(i);
	return mask;
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
	KUNIT_EXPECT_FALSE(test, ksm_tile_trim(tile));

	ksm_tile_forget(tile, LOW);
	ksm_tile_forget(tile, LOW);
	expect_pages(test, 32, 0);
	KUNIT_EXPECT_EQ(test, tile->present, HIGH);
	/* A page needs no slot to be tracked. */
	expect_bytes(test, 1, 0);
	ksm_tile_forget(tile, ALL);
	KUNIT_EXPECT_TRUE(test, ksm_tile_trim(tile));
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&f->kmm.tiles));
	expect_nothing(test);
}

static void tile_settle(struct kunit *test)
{
	struct ksm_tile *tile = tile_new(test, BASE);

	ksm_tile_track(tile, ALL);
	KUNIT_ASSERT_TRUE(test, ksm_tile_settle(tile, 40, ALL));
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
	ksm_tile_trim(tile);
	expect_bytes(test, 1, KSM_BLOCK_2);
	KUNIT_EXPECT_EQ(test, ksm_slot_key(ksm_slot(tile, 3)), KEY(3));
	KUNIT_EXPECT_EQ(test, ksm_slot_nr(ksm_slot(tile, 31)), 31U);
	ksm_tile_unsettle(tile, BIT_ULL(3));
	ksm_tile_trim(tile);
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
	KUNIT_EXPECT_EQ(test, ksm_slots_in_row(tile, 5), 1U);
	KUNIT_EXPECT_EQ(test, ksm_slots_in_row(tile, 6), 2U);
	KUNIT_EXPECT_EQ(test, ksm_slots_in_row(tile, 9), 1U);
	ksm_tile_forget(tile, ALL);
	ksm_tile_trim(tile);
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

	ksm_tile_forget(tile, HIGH);
	KUNIT_EXPECT_EQ(test, ksm_tile_unstable(tile), BIT_ULL(0) | BIT_ULL(31));
	expect_pages(test, 32, 2);
	ksm_tile_trim(tile);
	expect_bytes(test, 1, KSM_BLOCK_2);
	ksm_tile_forget(tile, ALL);
	KUNIT_EXPECT_EQ(test, ksm_tile_settled(tile), 0ULL);
	ksm_tile_trim(tile);
	expect_nothing(test);
}

static void tile_samples(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct ksm_tile *tile = tile_new(test, BASE);
	long bytes = KSM_TILE_PAGES * sizeof(u32);

	KUNIT_ASSERT_TRUE(test, ksm_tile_sample_alloc(tile));
	KUNIT_ASSERT_TRUE(test, ksm_tile_sample_alloc(tile));
	KUNIT_EXPECT_EQ(test, f->kmm.bytes, sizeof(*tile) + bytes);
	KUNIT_EXPECT_TRUE(test, ksm_tile_trim(tile));
	expect_nothing(test);
}

/* A slot is there, but its page goes away before anything is known of it. */
static void tile_unused_slot(struct kunit *test)
{
	struct ksm_tile *tile = tile_new(test, BASE);

	ksm_tile_track(tile, BIT_ULL(40));
	KUNIT_ASSERT_TRUE(test, ksm_slots_reserve(tile, BIT_ULL(40)));
	KUNIT_ASSERT_TRUE(test, ksm_slots_reserve(tile, LOW));
	expect_bytes(test, 1, KSM_BLOCK_63);
	ksm_tile_forget(tile, ALL);
	KUNIT_EXPECT_TRUE(test, ksm_tile_trim(tile));
	expect_nothing(test);
}

/* Without a folio: as if it were gone at the moment of the unmap. */
static void tile_map(struct kunit *test)
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
	ksm_tile_map(tile, 2, stable, &anon_vma);
	ksm_tile_map(tile, 50, stable, &anon_vma);
	ksm_tile_map(tile, 51, stable, &anon_vma);
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

	ksm_slot_unmap(ksm_slot(tile, 51));
	KUNIT_EXPECT_EQ(test, ksm_tile_merged(tile), BIT_ULL(2) | BIT_ULL(50));
	ksm_tile_trim(tile);
	KUNIT_EXPECT_EQ(test, f->kmm.bytes, sizeof(*tile) + ksm_block_bytes(KSM_BLOCK_2));
	KUNIT_EXPECT_PTR_EQ(test, ksm_slot_stable(ksm_slot(tile, 2)), stable);
	ksm_slot_unmap(ksm_slot(tile, 50));
	ksm_tile_trim(tile);
	KUNIT_EXPECT_EQ(test, ksm_stats.sharing, f->before.sharing);

	/* The last mapping takes the node along. */
	ksm_tile_forget(tile, ALL);
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&index.stable));
	KUNIT_EXPECT_EQ(test, atomic_read(&anon_vma.refcount), 1);
	ksm_tile_trim(tile);
	expect_nothing(test);
}

static void tile_forget_mm(struct kunit *test)
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

static void tile_forget_range(struct kunit *test)
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
	KUNIT_EXPECT_FALSE(test, ksm_range_tracked(&f->kmm, 0, BASE));
	KUNIT_EXPECT_FALSE(test, ksm_range_tracked(&f->kmm, BASE + 2 * KSM_TILE_SIZE,
						   BASE + 3 * KSM_TILE_SIZE));
	KUNIT_EXPECT_TRUE(test, ksm_range_tracked(&f->kmm, 0, BASE + PAGE_SIZE));

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
		ksm_slots_trim(m->tile);
		bytes += sizeof(struct ksm_tile) +
			 ksm_block_bytes(ksm_shape_for(hweight64(used)));
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
		ksm_tile_forget(m->tile, pages);
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

static void tile_random(struct kunit *test)
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

static struct kunit_case tile_cases[] = {
	KUNIT_CASE(tile_get),
	KUNIT_CASE(tile_mask),
	KUNIT_CASE(tile_track),
	KUNIT_CASE(tile_settle),
	KUNIT_CASE(tile_index),
	KUNIT_CASE(tile_samples),
	KUNIT_CASE(tile_unused_slot),
	KUNIT_CASE(tile_map),
	KUNIT_CASE(tile_forget_mm),
	KUNIT_CASE(tile_forget_range),
	KUNIT_CASE(tile_random),
	{}
};

static struct kunit_suite tile_suite = {
	.name = "mm_ksm_tile",
	.init = tile_init,
	.test_cases = tile_cases,
};

kunit_test_suite(tile_suite);
