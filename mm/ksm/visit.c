// SPDX-License-Identifier: GPL-2.0
/*
 * Visits: whether a page can have changed since the last one.
 *
 * A page is read only when it may have changed since the last visit.  Where all
 * writes go through the page tables, the dirty bit tells: a visit that finds it
 * set moves it to the folio and cleans the PTE, so that the next visit can tell
 * whether the page was written in between.  A settled page then costs a look at
 * its PTE.  Where there are secondary MMUs, whose writes leave no trace there,
 * a few words of the page are read instead.
 *
 * Both are hints.  A write that escapes them costs a merge that fails or is
 * found late, never a wrong one; pages are read again in full now and then, so
 * that it is found.
 */
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/sched.h>

#include <asm/tlbflush.h>

#include "ksm.h"

/* Passes between full reads of a page that nothing seems to write. */
#define KSM_REREAD_DIRTY	255
#define KSM_REREAD_SAMPLED	64

/* One visit to (a part of) a tile: which pages were found how. */
struct visit {
	struct vm_area_struct *vma;
	struct ksm_tile *tile;
	bool sampled;		/* the dirty bit does not tell everything */
	bool drain;		/* a page waits in a per-CPU list */
	bool reread;		/* read pages in full that seem unchanged */
	unsigned int wants;	/* pages that may be read */
	u64 known;		/* do not look again: as it was */
	u64 present;		/* anonymous pages, tracked */
	u64 gone;		/* nothing to track */
	u64 changed;		/* written since the last visit */
	u64 unmapped;		/* maps its KSM folio no more */
	u64 adopt;		/* maps a KSM folio, unknown so far */
	u64 want;		/* to be read in full */
	unsigned long flush_start, flush_end;
};

/* The pages of a sampled visit, between page table lock and sampling. */
static struct page *sampled_pages[KSM_TILE_PAGES];

/*
 * How many mappings from page @i on still map the KSM folios that they are known
 * to map; up to @max pages.  A run of them at a time, since a slot is found faster
 * from its neighbour than from its tile: 19 instructions less a page.
 */
static unsigned int known_mappings(struct ksm_tile *tile, unsigned int i,
				   pte_t *ptep, unsigned int max)
{
	struct ksm_slot *slot = ksm_slot(tile, i);
	pte_t *start = ptep, *end;
	u64 others = ~tile->merged >> i;

	max = min(max, KSM_BLOCK_SLOTS - i % KSM_BLOCK_SLOTS);
	if (others)
		max = min_t(unsigned int, max, __ffs64(others));
	for (end = start + max; ptep < end; ptep++, slot++) {
		pte_t pte = ptep_get(ptep);
		unsigned long mapping = (slot->word & ~KSM_SLOT_MASK) |
					PAGE_MAPPING_KSM;

		if (!pte_present(pte) ||
		    (unsigned long)READ_ONCE(pfn_to_page(pte_pfn(pte))->mapping) !=
		    mapping)
			break;
	}
	return ptep - start;
}

/* To be sampled once the page table is unlocked. */
static void note_sampled(struct page *page, unsigned int i)
{
	get_page(page);
	sampled_pages[i] = page;
}

/* Any page that is not known to be unchanged at first sight. */
static void visit_page(struct visit *v, unsigned int i, pte_t *ptep, pte_t pte)
{
	unsigned long addr = ksm_tile_addr(v->tile, i);
	u64 bit = BIT_ULL(i);
	struct page *page;
	struct folio *folio;

	page = vm_normal_page(v->vma, addr, pte);
	folio = page ? page_folio(page) : NULL;
	if (!folio || !folio_test_anon(folio)) {
		v->gone |= bit;
		return;
	}
	v->present |= bit;
	if (v->tile->merged & bit) {
		v->unmapped |= bit;
	} else if (folio_test_ksm(folio)) {
		v->adopt |= bit;
		/* As a private page it may have been in the unstable tree. */
		v->changed |= bit;
	}
	if (folio_test_ksm(folio))
		return;
	if (!ksm_folio_mergeable(folio, page)) {
		v->changed |= bit;
		return;
	}
	if (!folio_test_lru(folio))
		v->drain = true;

	if (v->sampled) {
		note_sampled(page, i);
	} else if (pte_dirty(pte)) {
		/* All that folio_mark_dirty() does for an anonymous folio. */
		if (!folio_test_dirty(folio))
			folio_set_dirty(folio);
		/* This one only, also where a TLB entry serves several. */
		pte = ptep_get_and_clear(v->vma->vm_mm, addr, ptep);
		set_pte_at(v->vma->vm_mm, addr, ptep, pte_mkclean(pte));
		if (!v->flush_end)
			v->flush_start = addr;
		v->flush_end = addr + PAGE_SIZE;
		v->changed |= bit;
	} else {
		v->want |= bit;
	}
}

/*
 * Look at the PTEs of [addr, end), all in one tile.  Returns where it stopped:
 * short of @end if more pages want to be read than may be.
 */
static unsigned long visit_ptes(struct visit *v, pmd_t *pmdp, unsigned long addr,
				unsigned long end, u64 settled)
{
	unsigned int i = (addr - v->tile->addr) >> PAGE_SHIFT;
	struct mm_struct *mm = v->vma->vm_mm;
	unsigned int wants = v->wants;
	struct ksm_tile *tile = v->tile;
	u64 merged = tile->merged;
	u64 known = 0, gone = 0;
	pte_t *start, *ptep;
	spinlock_t *ptl;	/* of the page table */

	start = pte_offset_map_lock(mm, pmdp, addr, &ptl);
	if (!start)
		return end;

	for (ptep = start; addr < end; ptep++, i++, addr += PAGE_SIZE) {
		pte_t pte = ptep_get(ptep);
		u64 bit = BIT_ULL(i);

		if (!pte_present(pte)) {
			gone |= bit;
			continue;
		}
		/* The ways of settled pages: 29 and 34 instructions, kept short. */
		if ((settled & bit) && !pte_dirty(pte)) {
			known |= bit;
			continue;
		}
		if (merged & bit) {
			unsigned int run = known_mappings(tile, i, ptep,
							  (end - addr) >> PAGE_SHIFT);

			if (run) {
				known |= GENMASK_ULL(i + run - 1, i);
				run--;
				i += run;
				ptep += run;
				addr += run * PAGE_SIZE;
				continue;
			}
		}
		visit_page(v, i, ptep, pte);
		if (((v->want | v->adopt) & bit) && !--wants) {
			addr += PAGE_SIZE;
			break;
		}
	}

	/* Before the lock is dropped: a stale TLB entry would hide writes. */
	if (v->flush_end)
		flush_tlb_range(v->vma, v->flush_start, v->flush_end);
	pte_unmap_unlock(start, ptl);
	v->known |= known;
	v->gone |= gone;
	return addr;
}

/* Compare samples: which of the pages seem to have been written. */
static void visit_samples(struct visit *v)
{
	struct ksm_tile *tile = v->tile;
	u64 left = v->present & ~(v->adopt | v->known | v->changed);
	bool sampled = ksm_tile_sample_alloc(tile);

	for (; left; left &= left - 1) {
		unsigned int i = __ffs64(left);
		u64 bit = BIT_ULL(i);
		u32 sample;

		if (!sampled_pages[i])
			continue;
		sample = ksm_sample_page(sampled_pages[i], ksm_tile_addr(tile, i));
		put_page(sampled_pages[i]);
		sampled_pages[i] = NULL;

		if (!sampled || tile->sample[i] != sample) {
			v->changed |= bit & (tile->settled | tile->unstable);
			v->want |= bit;
			if (sampled)
				tile->sample[i] = sample;
		} else if (!(tile->unstable & bit) || v->reread) {
			v->want |= bit;
		} else {
			v->known |= bit;
		}
	}
}

/* Read one page in full, and see whether it settles. */
static void read_page(struct visit *v, struct ksm_item *item)
{
	struct ksm_tile *tile = v->tile;
	u64 bit = BIT_ULL(item->nr);
	bool stays = true;
	u64 fingerprint;

	fingerprint = ksm_fingerprint_page(item->page);
	if ((tile->unstable | tile->settled) & bit) {
		stays = ksm_slot_key(ksm_slot(tile, item->nr)) ==
			(fingerprint & KSM_KEY_MASK);
		/*
		 * Equal pages lie side by side if they could not be merged.  It may have
		 * migrated to a node where it has equals, too.
		 */
		if (stays && (tile->unstable & bit)) {
			struct ksm_slot *slot = ksm_slot(tile, item->nr);

			if (ksm_slot_nid(slot) == ksm_page_nid(item->page) &&
			    !ksm_slot_matches(slot))
				return;
			ksm_tile_unsettle(tile, bit);
		}
	} else {
		/* Not written since the last visit; sampling cannot tell. */
		stays = !v->sampled;
	}
	if (!stays) {
		tile->interval = 0;
		ksm_tile_unsettle(tile, bit);
	}
	if (!ksm_tile_settle(tile, item->nr, fingerprint))
		return;
	if (stays || !v->sampled)
		ksm_merge_page(item, fingerprint);
}

/* Returns the pages that are left, for want of budget. */
static u64 read_pages(struct visit *v, struct ksm_budget *budget)
{
	struct ksm_item item = { .vma = v->vma, .tile = v->tile };
	u64 left = v->want | v->adopt;

	for (; left && budget->reads; left &= left - 1) {
		item.nr = __ffs64(left);
		/* By now it may be merged with one before it, and written again. */
		if (v->tile->merged & BIT_ULL(item.nr))
			continue;
		item.page = ksm_item_get_page(&item);
		if (!item.page)
			continue;
		budget->reads--;
		if (PageKsm(item.page)) {
			if (ksm_tile_slot_alloc(v->tile, item.nr))
				ksm_merge_adopt(&item);
		} else if (ksm_page_mergeable(item.page)) {
			read_page(v, &item);
		}
		put_page(item.page);
		cond_resched();
	}
	return left;
}

/*
 * Put down what a visit to pages up to @end has found, and read what it wants.
 * Returns where the next visit is to go on.
 */
static unsigned long conclude(struct visit *v, unsigned long end,
			      struct ksm_budget *budget)
{
	struct ksm_tile *tile = v->tile;
	unsigned int visits, known;
	u64 unmapped = v->unmapped & tile->merged;
	u64 left;

	if (v->sampled)
		visit_samples(v);
	known = hweight64(v->known);
	visits = hweight64(v->known | v->present);
	if (ksm_knobs.smart_scan) {
		ksm_stats.skipped += known;
		ksm_stats.scanned += visits - known;
	} else {
		ksm_stats.scanned += visits;
	}
	if (v->sampled)
		visits *= KSM_VISITS_PER_SAMPLE;
	ksm_budget_spend(budget, visits + 1);

	ksm_tile_forget(tile, v->gone);
	ksm_tile_unsettle(tile, v->changed);
	for (; unmapped; unmapped &= unmapped - 1)
		ksm_tile_unmap(tile, __ffs64(unmapped));
	if (v->present & ~tile->present)
		ksm_tile_track(tile, v->present);
	budget->drain |= v->drain;
	left = read_pages(v, budget);
	ksm_tile_trim(tile);
	return left ? ksm_tile_addr(tile, __ffs64(left)) : end;
}

/*
 * Are pages of this tile to be read again, unchanged though they seem?  By passes, as
 * in each there is a visit for every VMA that has pages in the tile.
 */
static bool reread_due(struct ksm_tile *tile, bool sampled)
{
	u16 pass = ksm_stats.full_scans;
	s16 ahead = tile->reread - pass;

	if (ahead > 0 && ahead <= KSM_REREAD_DIRTY)
		return false;
	if (!ahead || !tile->reread_done) {
		/* Now, or late: there was no visit in that pass. */
		tile->reread = pass;
		tile->reread_done = true;
		return true;
	}
	if (sampled)
		/* A read costs twelve samples, so there are few soon. */
		tile->interval = min(4 * tile->interval + 1, KSM_REREAD_SAMPLED);
	else
		/* Not all tiles in one pass. */
		tile->interval = KSM_REREAD_DIRTY - hash_long(tile->addr, 7);
	tile->reread = pass + tile->interval;
	tile->reread_done = false;
	return false;
}

static bool visit_init(struct visit *v, struct vm_area_struct *vma,
		       struct ksm_tile *tile, struct ksm_budget *budget)
{
	*v = (struct visit) {
		.vma = vma,
		.tile = tile,
		.sampled = mm_has_notifiers(vma->vm_mm),
		.wants = budget->reads,
	};
	if (!tile) {
		ksm_budget_spend(budget, 1);
		return false;
	}
	v->reread = reread_due(tile, v->sampled);
	return true;
}

/* Does nothing stand in these PTEs?  A hint, no lock is taken. */
static bool is_hole(pmd_t *pmdp, unsigned long addr, unsigned long end)
{
	pte_t *start = pte_offset_map(pmdp, addr), *ptep;

	if (!start)
		return false;
	for (ptep = start; addr < end && pte_none(ptep_get_lockless(ptep)); ptep++)
		addr += PAGE_SIZE;
	pte_unmap(start);
	return addr == end;
}

/* Visit the pages of [addr, end), which lie in one tile, mapped by PTEs. */
static unsigned long scan_tile(struct ksm_mm *kmm, struct vm_area_struct *vma,
			       pmd_t *pmdp, unsigned long addr, unsigned long end,
			       struct ksm_budget *budget)
{
	struct ksm_tile *tile = ksm_vma_tile_find(kmm, vma, addr);
	struct visit v;
	u64 settled;

	/* No tile is made, to be freed at once, where few addresses are in use. */
	if (!tile && is_hole(pmdp, addr, end)) {
		ksm_forget_range(kmm, addr, end, NULL);
		ksm_budget_spend(budget, 1);
		return end;
	}
	if (!tile)
		tile = ksm_vma_tile(kmm, vma, addr);
	if (!visit_init(&v, vma, tile, budget))
		return end;
	settled = v.sampled || v.reread ? 0 : v.tile->unstable;
	end = visit_ptes(&v, pmdp, addr, end, settled);
	ksm_forget_range(kmm, addr, end, v.tile);
	return conclude(&v, end, budget);
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
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
			u64 merged = tile->merged & pages;

			/* There were small pages before. */
			for (; merged; merged &= merged - 1)
				ksm_tile_unmap(tile, __ffs64(merged));
			ksm_tile_unsettle(tile, pages);
			ksm_tile_track(tile, pages);
			ksm_stats.scanned += hweight64(pages);
		}
		ksm_forget_range(kmm, addr, next, tile);
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

/* Visit the pages of [addr, end), mapped by a huge PMD, as far as one tile goes. */
static unsigned long scan_huge(struct ksm_mm *kmm, struct vm_area_struct *vma,
			       pmd_t *pmdp, unsigned long addr, unsigned long end,
			       struct ksm_budget *budget)
{
	unsigned long head = addr & HPAGE_PMD_MASK;
	unsigned long tile_end = min(end, ALIGN(addr + 1, KSM_TILE_SIZE));
	struct mm_struct *mm = vma->vm_mm;
	struct page *page = NULL;
	struct visit v;
	spinlock_t *ptl;	/* of the page table */
	bool dirty;
	u64 pages;

	if (!ksm_knobs.thp_split_threshold) {
		ksm_forget_range(kmm, addr, end, NULL);
		ksm_budget_spend(budget, 1);
		return end;
	}
	if (!visit_init(&v, vma, ksm_vma_tile(kmm, vma, addr), budget))
		return tile_end;
	pages = ksm_tile_mask(v.tile, addr, tile_end);

	ptl = pmd_lock(mm, pmdp);
	if (pmd_present(*pmdp) && pmd_trans_huge(*pmdp))
		page = vm_normal_page_pmd(vma, head, *pmdp);
	if (!page || !ksm_page_mergeable(page)) {
		spin_unlock(ptl);
		ksm_forget_range(kmm, addr, end, NULL);
		ksm_budget_spend(budget, 1);
		return end;
	}
	dirty = !v.sampled && pmd_dirty(*pmdp);
	if (dirty && addr == head)
		clean_pmd(vma, head, pmdp, page_folio(page));
	if (v.sampled) {
		unsigned int i;

		page += (v.tile->addr - head) >> PAGE_SHIFT;
		for (i = 0; i < KSM_TILE_PAGES; i++) {
			if (!(pages & BIT_ULL(i)))
				continue;
			note_sampled(page + i, i);
		}
	}
	spin_unlock(ptl);

	if (dirty) {
		/* To be seen clean, and then read, by the next pass. */
		unsettle_range(kmm, vma, addr, end, budget);
		ksm_tile_trim(v.tile);
		return end;
	}
	v.present = pages;
	v.unmapped = pages & v.tile->merged;
	if (!v.sampled) {
		v.known = v.reread ? 0 : pages & v.tile->unstable;
		v.want = pages & ~v.known;
	}
	ksm_forget_range(kmm, addr, tile_end, v.tile);
	return conclude(&v, tile_end, budget);
}
#else
static unsigned long scan_huge(struct ksm_mm *kmm, struct vm_area_struct *vma,
			       pmd_t *pmdp, unsigned long addr, unsigned long end,
			       struct ksm_budget *budget)
{
	return end;
}
#endif

/**
 * ksm_visit_pmd - visit what one PMD entry maps, or the hole that stands there
 * @kmm: process
 * @vma: mergeable VMA, locked
 * @addr: where to start, in @vma
 * @budget: what may be done; less what is done
 *
 * Context: ksm_mutex held, may sleep.
 * Return: where the next visit is to go on; @addr itself if nothing was left of
 *	   the budget.
 */
unsigned long ksm_visit_pmd(struct ksm_mm *kmm, struct vm_area_struct *vma,
			    unsigned long addr, struct ksm_budget *budget)
{
	unsigned long end;
	pmd_t *pmdp, pmd = __pmd(0);

	pmdp = ksm_find_pmd(vma->vm_mm, addr, &end);
	if (pmdp)
		pmd = pmdp_get_lockless(pmdp);
	end = min(end, vma->vm_end);

	if (pmd_none(pmd)) {
		ksm_forget_range(kmm, addr, end, NULL);
		ksm_budget_spend(budget, 1);
		return end;
	}
	/* Under migration, most likely: the next pass finds it again. */
	if (!pmd_present(pmd)) {
		ksm_budget_spend(budget, 1);
		return end;
	}
	while (addr < end && ksm_budget_left(budget)) {
		if (pmd_trans_huge(pmdp_get_lockless(pmdp)))
			addr = scan_huge(kmm, vma, pmdp, addr, end, budget);
		else
			addr = scan_tile(kmm, vma, pmdp, addr,
					 min(end, ALIGN(addr + 1, KSM_TILE_SIZE)),
					 budget);
		cond_resched();
	}
	return addr;
}
