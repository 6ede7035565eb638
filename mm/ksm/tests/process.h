/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A process that ksmd alone knows of, for suites that look at its tiles.
 */
#ifndef _MM_KSM_TESTS_PROCESS_H
#define _MM_KSM_TESTS_PROCESS_H

#include "../node.h"
#include "kunit.h"

#define BASE		(KSM_TILE_SIZE * 1000)
#define KEY(i)		((u64)((i) + 1) << 32)
#define ALL		(~0ULL)
#define LOW		GENMASK_ULL(31, 0)
#define HIGH		(~LOW)

/* The process, and what was there before it. */
struct fixture {
	struct ksm_mm kmm;
	struct mm_struct *mm;
	struct ksm_stats before;
	long bytes;
};

static inline int ksm_test_process(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->mm = kunit_kzalloc(test, sizeof(*f->mm), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f->mm);
	f->kmm.slot.mm = f->mm;
	f->kmm.tiles = RB_ROOT;
	f->kmm.domain = ksm_domain_global();
	f->before = ksm_stats;
	f->bytes = atomic_long_read(&ksm_stats.bytes);
	test->priv = f;
	return 0;
}

static inline struct ksm_tile *tile_new(struct kunit *test, unsigned long addr)
{
	struct fixture *f = test->priv;
	struct ksm_tile *tile = ksm_tile_get(&f->kmm, addr, addr >> PAGE_SHIFT);

	KUNIT_ASSERT_NOT_NULL(test, tile);
	return tile;
}

static inline struct ksm_index *index_of(struct kunit *test)
{
	struct fixture *f = test->priv;

	return ksm_domain_index(f->kmm.domain, 0);
}

static inline void settle(struct kunit *test, struct ksm_tile *tile, u64 pages)
{
	KUNIT_ASSERT_TRUE(test, ksm_block_reserve(tile, pages));
	for (; pages; pages &= pages - 1)
		ksm_tile_settle(tile, __ffs64(pages), KEY(__ffs64(pages)));
}

static inline void index_pages(struct kunit *test, struct ksm_tile *tile, u64 pages)
{
	settle(test, tile, pages);
	for (; pages; pages &= pages - 1)
		ksm_tile_index(tile, __ffs64(pages), index_of(test),
			       KEY(__ffs64(pages)));
}

static inline void expect_bytes(struct kunit *test, unsigned int tiles, enum ksm_shape shape)
{
	unsigned long bytes = tiles * (sizeof(struct ksm_tile) + ksm_slot_block_bytes(shape));
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, f->kmm.bytes, bytes);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&ksm_stats.bytes) - f->bytes,
			(long)bytes);
}

static inline void expect_pages(struct kunit *test, unsigned long tracked,
				unsigned long unshared)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, f->mm->ksm_rmap_items, tracked);
	KUNIT_EXPECT_EQ(test, ksm_stats.tracked - f->before.tracked, tracked);
	KUNIT_EXPECT_EQ(test, ksm_stats.unshared - f->before.unshared, unshared);
}

static inline void expect_nothing(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&f->kmm.tiles));
	KUNIT_EXPECT_TRUE(test, ksm_forest_empty(&index_of(test)->unstable));
	KUNIT_EXPECT_EQ(test, f->mm->ksm_merging_pages, 0UL);
	KUNIT_EXPECT_EQ(test, ksm_stats.shared, f->before.shared);
	KUNIT_EXPECT_EQ(test, ksm_stats.sharing, f->before.sharing);
	KUNIT_EXPECT_EQ(test, ksm_stats.unslotted, f->before.unslotted);
	expect_pages(test, 0, 0);
	expect_bytes(test, 0, 0);
}

/* What ksm_tile_mask() is to say, page by page. */
static inline u64 mask_of(unsigned long addr, unsigned long start, unsigned long end)
{
	u64 mask = 0;
	int i;

	for (i = 0; i < KSM_TILE_PAGES; i++, addr += PAGE_SIZE)
		if (addr >= start && addr < end)
			mask |= BIT_ULL(i);
	return mask;
}

#endif /* _MM_KSM_TESTS_PROCESS_H */
