// SPDX-License-Identifier: GPL-2.0
/*
 * Visits to pages that a huge PMD maps.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>

#include <asm/tlbflush.h>

#include "internal.h"
#include "visit.h"

/* Nothing in this range is merged, or has a fingerprint, any more. */
static void unsettle_range(struct ksm_mm *kmm, struct vm_area_struct *vma,
			   unsigned long addr, unsigned long end,
			   struct ksm_budget *budget)
{
	unsigned long next;

	for (; addr < end; addr = next) {
		struct ksm_tile *tile = ksm_vma_tile(kmm, vma, addr);

		next = min(end, ALIGN(addr + 1, KSM_TILE_SIZE));
		if (tile) {
			u64 pages = ksm_tile_mask(tile, addr, next);
			u64 merged = ksm_tile_merged(tile) & pages;

			/* There were small pages before. */
			for (; merged; merged &= merged - 1)
				ksm_mapping_end(tile, __ffs64(merged));
			ksm_tile_unsettle(tile, pages);
			ksm_tile_track(tile, pages);
			ksm_stats.scanned += hweight64(pages);
			budget->found += hweight64(pages);
		}
		ksm_forget_range(kmm, addr, next, tile, NULL);
		ksm_budget_spend(budget, KSM_TILE_PAGES);
	}
}

/*
 * The dirty bit of a huge page speaks for all of it: so it is cleaned only when
 * its first tile is visited, for all its tiles.
 */
static void clean_pmd(struct vm_area_struct *vma, unsigned long addr, pmd_t *pmdp,
		      struct folio *folio)
{
	pmd_t pmd;

	folio_mark_dirty(folio);
	/*
	 * Never empty in between, where lockless walkers could see it.  Flushed,
	 * which pmdp_invalidate_ad() need not do: writes by way of a TLB entry
	 * that is dirty already would leave no trace.
	 */
	pmd = pmdp_invalidate(vma, addr, pmdp);
	set_pmd_at(vma->vm_mm, addr, pmdp, pmd_mkclean(pmd));
}

/* What a visit needs, too large for the stack; guarded by ksm_mutex. */
static struct {
	struct ksm_visit visit;
	struct page *page[KSM_TILE_PAGES];
} space;

/**
 * ksm_huge_visit - visit pages that a huge PMD maps, as far as one tile goes
 * @kmm: process
 * @vmas: the VMA of it, locked, and no other
 * @pmdp: PMD entry
 * @addr: first address
 * @end: where the entry or the VMA ends
 * @told: by ksm_change_ask()
 * @budget: what may be done; less what is done
 *
 * Context: ksm_mutex held, may sleep.
 * Return: where the next visit is to go on.
 */
unsigned long ksm_huge_visit(struct ksm_mm *kmm, const struct ksm_vmas *vmas,
			     pmd_t *pmdp, unsigned long addr, unsigned long end,
			     const struct ksm_told *told, struct ksm_budget *budget)
{
	struct vm_area_struct *vma = vmas->vma[0];
	unsigned long head = addr & HPAGE_PMD_MASK;
	unsigned long tile_end = min(end, ALIGN(addr + 1, KSM_TILE_SIZE));
	struct ksm_sweep sweep = {
		.vmas = vmas,
		.pmdp = pmdp,
		.told = told,
	};
	struct ksm_visit *v = &space.visit;
	struct page *page = NULL;
	struct ksm_tile *tile;
	bool dirty, again;
	spinlock_t *ptl;	/* of the page table */
	u64 pages, look;

	/* To split one on a match would tell of the match. */
	if (!ksm_knobs.thp_split_threshold || ksm_domain_uniform(kmm->domain)) {
		ksm_budget_spend(budget, 1);
		return ksm_forget_range(kmm, addr, end, NULL, budget);
	}
	tile = ksm_vma_tile(kmm, vma, addr);
	if (!tile || !ksm_visit_begin(v, space.page, &sweep, tile, addr,
				      tile_end)) {
		ksm_budget_spend(budget, 1);
		return tile_end;
	}
	pages = ksm_tile_mask(tile, addr, tile_end);

	ptl = pmd_lock(vma->vm_mm, pmdp);
	if (pmd_present(*pmdp) && pmd_trans_huge(*pmdp))
		page = vm_normal_page_pmd(vma, head, *pmdp);
	if (!page || !ksm_eligible_page(page)) {
		spin_unlock(ptl);
		ksm_budget_spend(budget, 1);
		return ksm_forget_range(kmm, addr, end, NULL, budget);
	}
	dirty = ksm_change_tells_any(told) && pmd_dirty(*pmdp);
	/* It was not when its first tile was visited, or was left as it was. */
	if (dirty && told->change->ask && addr != head) {
		dirty = false;
		v->seen.told = 0;
		v->seen.trusted = 0;
	}
	again = dirty && (v->again & pages);
	if (dirty && !again && addr == head) {
		clean_pmd(vma, head, pmdp, page_folio(page));
		ksm_budget_spend(budget, KSM_VISITS_PER_FLUSH);
	}
	page += (tile->addr - head) >> PAGE_SHIFT;
	look = dirty && !again ? 0 : pages & ~v->seen.told;
	for (; look; look &= look - 1)
		ksm_visit_wait(v, page + __ffs64(look), __ffs64(look));
	spin_unlock(ptl);

	if (dirty && !again) {
		/* To be seen clean, and then read, by the next pass. */
		unsettle_range(kmm, vma, addr, end, budget);
		ksm_forget_trim(tile);
		return end;
	}
	v->next = tile_end;
	v->unmapped = pages & ksm_tile_merged(tile);
	if (again && v->leave) {
		v->known = pages & v->seen.told & tile->present & ~v->unmapped;
	} else if (again) {
		v->hot = pages & v->seen.told;
		v->want = v->hot;
	} else {
		v->known = pages & v->seen.trusted & ksm_tile_unstable(tile);
		v->want = pages & v->seen.told & ~v->known;
	}
	for (look = v->want; look; look &= look - 1)
		v->page[__ffs64(look)] = page + __ffs64(look);
	v->present = pages & ~v->known;
	ksm_forget_others(tile, addr, tile_end);
	ksm_visit_note(v, budget);
	if (v->quiet)
		return tile_end;
	addr = ksm_visit_read(v, budget);
	ksm_forget_trim(tile);
	return addr;
}
