// SPDX-License-Identifier: GPL-2.0
/*
 * Whether a page can have changed since the last visit.
 *
 * Where all writes go through the page tables, the dirty bit tells: a visit that finds
 * it set moves it to the folio and cleans the PTE, so that the next visit can tell
 * whether the page was written in between.  Where there are secondary MMUs, whose writes
 * leave no trace there, a few words of the page are read instead.  And where the
 * hardware sets no dirty bit, all of it is read.
 *
 * All are hints.  A write that escapes them costs a merge that fails or is found late,
 * never a wrong one; pages are read again in full now and then, so that it is found.
 */
#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/pgtable.h>

#include "change.h"
#include "internal.h"

bool ksm_change_dirty_bit __read_mostly;

/**
 * ksm_change_put - drop the references to pages of a tile
 * @pages: their places, one bit each
 * @page: each by its place
 */
void ksm_change_put(u64 pages, struct page **page)
{
	for (; pages; pages &= pages - 1)
		put_page(page[__ffs64(pages)]);
}

static u64 sample(struct ksm_tile *tile, u64 pages, struct page **page)
{
	u64 same = 0;

	if (!ksm_tile_sample_alloc(tile)) {
		ksm_change_put(pages, page);
		return 0;
	}
	for (; pages; pages &= pages - 1) {
		unsigned int i = __ffs64(pages);
		u32 now = ksm_fingerprint_sample(page[i], ksm_tile_addr(tile, i));

		put_page(page[i]);
		if (tile->sample[i] == now)
			same |= BIT_ULL(i);
		else
			tile->sample[i] = now;
	}
	return same;
}

const struct ksm_change ksm_change_by_dirty_bit = {
	.exact = true,
	.tiles = KSM_CHANGE_MAX_TILES,
};

const struct ksm_change ksm_change_by_sample = {
	.tiles = 1,
	.visits = KSM_VISITS_PER_SAMPLE,
	.unchanged = sample,
};

const struct ksm_change ksm_change_by_reading = {
	.tiles = 1,
	.visits = KSM_VISITS_PER_SAMPLE,
};

/**
 * ksm_change_init - find out what the hardware does
 */
void __init ksm_change_init(void)
{
#if defined(CONFIG_X86) || defined(CONFIG_UML)
	ksm_change_dirty_bit = true;
#elif defined(CONFIG_ARM64_HW_AFDBM)
	ksm_change_dirty_bit = cpus_have_final_cap(ARM64_HW_DBM);
#elif defined(CONFIG_RISCV)
	/* One extension stands for both bits. */
	ksm_change_dirty_bit = arch_has_hw_pte_young();
#endif
}
