// SPDX-License-Identifier: GPL-2.0
/*
 * Huge pages: when it pays to split one, and when khugepaged may make one.
 *
 * Both answers come from thp_split_threshold, so that ksmd and khugepaged do not
 * work against each other: what ksmd would split again is not collapsed.
 */
#include <linux/ksm.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "internal.h"

/* Who splits a folio here, for ksm_keeps_empty_pages(); guarded by ksm_mutex. */
struct task_struct *ksm_splitter;

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
/* The tiles of what one PMD maps; @end is set to where that ends. */
static struct ksm_tile *first_tile(const struct ksm_item *item, unsigned long *end)
{
	unsigned long start = ksm_item_addr(item) & HPAGE_PMD_MASK;

	*end = start + HPAGE_PMD_SIZE;
	return ksm_tile_from(item->tile->owner, start);
}

static bool mapped_by_pmd(const struct ksm_item *item)
{
	return pmd_trans_huge(pmdp_get_lockless(item->pmdp));
}

/* Pages of a tile that another page is equal to, by all that is known. */
static unsigned int count_matches(struct ksm_tile *tile, u64 key)
{
	unsigned int matches = 0;
	u64 left = ksm_tile_unstable(tile);

	for (; left; left &= left - 1) {
		struct ksm_slot *slot = ksm_slot(tile, __ffs64(left));

		if (ksm_slot_key(slot) == key || ksm_slot_matches(slot))
			matches++;
	}
	return matches;
}

/* What others ask for is no reason to split huge pages of this process. */
static bool is_eager(const struct ksm_mm *kmm)
{
	return ksm_eager && (!ksm_eager_for || ksm_eager_for == kmm);
}

/**
 * ksm_thp_split_pays - tell whether a large folio may be split for a match
 * @item: a page of it that has a match, by ksm_pte_get_page()
 * @key: fingerprint of that page
 *
 * A huge page must have as many pages with a match as thp_split_threshold says, or one
 * where ksmd is eager.  Other large folios are split for the first.
 *
 * Context: ksm_mutex held, @item's VMA locked.
 * Return: true if so.
 */
bool ksm_thp_split_pays(const struct ksm_item *item, u64 key)
{
	unsigned int needed = READ_ONCE(ksm_knobs.thp_split_threshold);
	unsigned int matches = 0;
	struct ksm_tile *tile;
	unsigned long end;

	if (needed <= 1 || is_eager(item->tile->owner) || !mapped_by_pmd(item))
		return needed;
	/* The page itself may or may not be in the tree. */
	if (!(ksm_tile_unstable(item->tile) & BIT_ULL(item->nr)))
		matches++;
	for (tile = first_tile(item, &end); tile && tile->addr < end;
	     tile = ksm_tile_next(tile)) {
		if (!ksm_vma_fits(item->vma, tile))
			continue;
		matches += count_matches(tile, key);
		if (matches >= needed)
			return true;
	}
	return matches >= needed;
}

/**
 * ksm_thp_split - split the large folio of a page
 * @page: page, one reference held, its folio locked
 *
 * Other splits map the zero page where a huge page is empty.  What was offered to
 * KSM is to be merged, and counted, by ksmd.
 *
 * Context: ksm_mutex held, may sleep.
 * Return: 0, then the lock is that of the page's new folio; or a negative error
 *	   code, as split_huge_page() has them.
 */
int ksm_thp_split(struct page *page)
{
	int err;

	WRITE_ONCE(ksm_splitter, current);
	err = split_huge_page(page);
	WRITE_ONCE(ksm_splitter, NULL);
	return err;
}

/**
 * ksm_thp_split_done - let pages that were passed over for a huge page be merged
 * @item: a page of what was a huge page
 *
 * Those that have a match were put in the unstable tree all the same.  When they
 * are read again, in the next pass, they look for it.
 *
 * Context: ksm_mutex held.
 */
void ksm_thp_split_done(const struct ksm_item *item)
{
	struct ksm_tile *tile;
	unsigned long end;

	if (READ_ONCE(ksm_knobs.thp_split_threshold) <= 1)
		return;
	for (tile = first_tile(item, &end); tile && tile->addr < end;
	     tile = ksm_tile_next(tile)) {
		tile->reread = ksm_stats.full_scans + 1;
		tile->reread_done = false;
	}
}

/* Has this page been merged, or would it be once it is part of a huge page? */
static bool worth_a_split(struct vm_area_struct *vma, unsigned long addr, pte_t pte)
{
	struct page *page;

	/* A hole would be filled with zeroes, and those match. */
	if (pte_none(pte) || (pte_present(pte) && is_zero_pfn(pte_pfn(pte))))
		return (READ_ONCE(ksm_knobs.run) & KSM_RUN_MERGE) ||
		       (!pte_none(pte) && is_ksm_zero_pte(pte));
	if (!pte_present(pte))
		return false;
	page = vm_normal_page(vma, addr, pte);
	return page && folio_test_ksm(page_folio(page));
}

/**
 * ksm_refuses_collapse - tell whether ksmd would split a new huge page again
 * @vma: VMA
 * @addr: address that the huge page is to have
 * @pte: page table that it is to replace, mapped
 *
 * KSM pages count while ksmd is stopped, too: what is merged is to stay merged.
 *
 * Context: page table lock held, mmap_lock held.
 * Return: true if as many pages would have a match as make ksmd split.
 */
bool ksm_refuses_collapse(struct vm_area_struct *vma, unsigned long addr,
			  pte_t *pte)
{
	unsigned int needed = READ_ONCE(ksm_knobs.thp_split_threshold);
	unsigned int i, found = 0;

	if (!(vma->vm_flags & VM_MERGEABLE) || !needed)
		return false;
	for (i = 0; i < HPAGE_PMD_NR && found < needed; i++)
		found += worth_a_split(vma, addr + i * PAGE_SIZE, ptep_get(pte + i));
	return found >= needed;
}
#else
bool ksm_thp_split_pays(const struct ksm_item *item, u64 key)
{
	return true;
}

int ksm_thp_split(struct page *page)
{
	return split_huge_page(page);
}

void ksm_thp_split_done(const struct ksm_item *item)
{
}
#endif
