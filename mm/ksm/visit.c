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
 *
 * Cleaning has a price, too, which the writer pays: a TLB flush, and the next write
 * has to set the bit again.  So a page that is found dirty once more is not cleaned
 * again but read, as pages without a dirty bit are: once it has been the same twice,
 * it is cleaned.  A tile where that is in vain is left alone, for ever longer.
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

/* Passes between visits to a tile of pages that are always written: 1 << this at most. */
#define KSM_MAX_HEAT		4

/* One visit to (a part of) a tile: which pages were found how. */
struct visit {
	struct vm_area_struct *vma;
	struct ksm_tile *tile;
	unsigned long addr;	/* first address */
	unsigned long end;	/* of the part of the tile that is to be visited */
	unsigned long next;	/* how far it has come */
	bool sampled;		/* the dirty bit does not tell everything */
	bool drain;		/* a page waits in a per-CPU list */
	bool reread;		/* read pages in full that seem unchanged */
	unsigned int cleaned;	/* PTEs */
	u64 again;		/* if these are dirty, they are so once more */
	u64 leave;		/* of them, those that are not to be read now */
	u64 hot;		/* dirty once more, to be read */
	u64 known;		/* do not look again: as it was */
	u64 present;		/* anonymous pages, tracked */
	u64 gone;		/* nothing to track */
	u64 changed;		/* written since the last visit */
	u64 unmapped;		/* maps its KSM folio no more */
	u64 adopt;		/* maps a KSM folio, unknown so far */
	u64 want;		/* to be read in full */
};

/* Tiles that are visited under one page table lock: a page table, usually. */
#define KSM_VISIT_TILES		8

static struct visit visits[KSM_VISIT_TILES];

/*
 * Does the hardware set the dirty bit?  Where it does not, each cleaned PTE is a fault of
 * the writer: there, pages are not cleaned but read, at each visit.
 */
bool ksm_dirty_bit __read_mostly;

/* What is visited under one page table lock. */
struct sweep {
	unsigned int wants;	/* pages that may be read */
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
	u64 others = ~ksm_tile_merged(tile) >> i;

	/* The first slot is in the tile, and few are in order where there are few. */
	if (!i || tile->shape != KSM_BLOCK_63)
		max = 1;
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

/* Move the dirty bit to the folio. */
static void clean_pte(struct visit *v, struct sweep *sweep, unsigned long addr,
		      pte_t *ptep, struct folio *folio)
{
	struct mm_struct *mm = v->vma->vm_mm;
	pte_t pte;

	/* All that folio_mark_dirty() does for an anonymous folio. */
	if (!folio_test_dirty(folio))
		folio_set_dirty(folio);
	/* This one only, also where a TLB entry serves several. */
	pte = ptep_get_and_clear(mm, addr, ptep);
	set_pte_at(mm, addr, ptep, pte_mkclean(pte));
	if (!sweep->flush_end)
		sweep->flush_start = addr;
	sweep->flush_end = addr + PAGE_SIZE;
	v->cleaned++;
}

/* Any page that is not known to be unchanged at first sight. */
static void visit_page(struct visit *v, struct sweep *sweep, unsigned int i,
		       pte_t *ptep, pte_t pte)
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
	if (ksm_tile_merged(v->tile) & bit) {
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
	} else if (!pte_dirty(pte)) {
		v->want |= bit;
	} else if (!(v->again & bit)) {
		clean_pte(v, sweep, addr, ptep, folio);
		v->changed |= bit;
	} else if (v->leave & bit) {
		v->known |= bit;
	} else {
		v->hot |= bit;
		v->want |= bit;
	}
}

/*
 * Look at the PTEs, @ptep being the first; the page table is locked.  Stops short of
 * v->end if as many pages want to be read as may be.
 */
static void visit_ptes(struct visit *v, struct sweep *sweep, pte_t *ptep)
{
	u64 settled = v->sampled || v->reread ? 0 : ksm_tile_unstable(v->tile);
	unsigned int i = (v->addr - v->tile->addr) >> PAGE_SHIFT;
	unsigned long addr = v->addr, end = v->end;
	struct ksm_tile *tile = v->tile;
	u64 merged = ksm_tile_merged(tile);
	u64 known = 0, gone = 0;

	for (; addr < end; ptep++, i++, addr += PAGE_SIZE) {
		pte_t pte = ptep_get(ptep);
		u64 bit = BIT_ULL(i);

		if (!pte_present(pte)) {
			gone |= bit;
			continue;
		}
		/* The ways of settled pages, kept short. */
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
		visit_page(v, sweep, i, ptep, pte);
		if (((v->want | v->adopt) & bit) && !--sweep->wants) {
			addr += PAGE_SIZE;
			break;
		}
	}
	v->known |= known;
	v->gone |= gone;
	v->next = addr;
}

/* Compare samples: which of the pages seem to have been written. */
static void visit_samples(struct visit *v)
{
	struct ksm_tile *tile = v->tile;
	u64 left = v->present & ~(v->adopt | v->known | v->changed);
	bool sampled = ksm_dirty_bit && ksm_tile_sample_alloc(tile);

	for (; left; left &= left - 1) {
		unsigned int i = __ffs64(left);
		u64 bit = BIT_ULL(i);
		u32 sample;

		if (!sampled_pages[i])
			continue;
		if (!ksm_dirty_bit) {
			put_page(sampled_pages[i]);
			sampled_pages[i] = NULL;
			v->want |= bit;
			continue;
		}
		sample = ksm_sample_page(sampled_pages[i], ksm_tile_addr(tile, i));
		put_page(sampled_pages[i]);
		sampled_pages[i] = NULL;

		if (!sampled || tile->sample[i] != sample) {
			v->changed |= bit & (ksm_tile_settled(tile) | ksm_tile_unstable(tile));
			v->want |= bit;
			if (sampled)
				tile->sample[i] = sample;
		} else if (!(ksm_tile_unstable(tile) & bit) || v->reread) {
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
	if ((ksm_tile_unstable(tile) | ksm_tile_settled(tile)) & bit) {
		stays = ksm_slot_key(ksm_slot(tile, item->nr)) ==
			(fingerprint & KSM_KEY_MASK);
		/*
		 * Equal pages lie side by side if they could not be merged.  It may have
		 * migrated to a node where it has equals, too.
		 */
		if (stays && (ksm_tile_unstable(tile) & bit)) {
			struct ksm_slot *slot = ksm_slot(tile, item->nr);

			if (ksm_slot_nid(slot) == ksm_page_nid(item->page) &&
			    !ksm_slot_matches(slot))
				return;
			ksm_tile_unsettle(tile, bit);
		}
	} else {
		/* Not written since the last visit, if the dirty bit tells. */
		stays = !item->sampled;
	}
	if (!stays) {
		tile->interval = 0;
		tile->heated += !!(v->hot & bit);
		ksm_tile_unsettle(tile, bit);
	}
	if (!ksm_tile_settle(tile, item->nr, fingerprint))
		return;
	if (stays || !item->sampled)
		ksm_merge_page(item, fingerprint);
}

/* Returns the pages that are left, for want of budget. */
static u64 read_pages(struct visit *v, struct ksm_budget *budget)
{
	struct ksm_item item = { .vma = v->vma, .tile = v->tile };
	u64 left = v->want | v->adopt;

	/* In one go; if there is no memory for that, then one by one. */
	if (left)
		ksm_slots_reserve(v->tile, left & ~ksm_tile_merged(v->tile));

	for (; left && budget->reads && !ksm_hurried(v->tile->owner);
	     left &= left - 1) {
		item.nr = __ffs64(left);
		/* By now it may be merged with one before it, and written again. */
		if (ksm_tile_merged(v->tile) & BIT_ULL(item.nr))
			continue;
		item.page = ksm_item_get_page(&item);
		if (!item.page)
			continue;
		budget->reads--;
		item.sampled = v->sampled || (v->hot & BIT_ULL(item.nr));
		if (PageKsm(item.page)) {
			if (ksm_slots_reserve(v->tile, BIT_ULL(item.nr)))
				ksm_merge_adopt(&item);
		} else if (ksm_page_mergeable(item.page)) {
			read_page(v, &item);
		}
		put_page(item.page);
		cond_resched();
	}
	return left;
}

/* Put down what a visit has found. */
static void note(struct visit *v, struct ksm_budget *budget)
{
	struct ksm_tile *tile = v->tile;
	unsigned int seen, known;
	u64 unmapped = v->unmapped & ksm_tile_merged(tile);

	if (v->sampled)
		visit_samples(v);
	known = hweight64(v->known);
	seen = hweight64(v->known | v->present);
	if (ksm_knobs.smart_scan) {
		ksm_stats.skipped += known;
		ksm_stats.scanned += seen - known;
	} else {
		ksm_stats.scanned += seen;
	}
	if (v->sampled)
		seen *= KSM_VISITS_PER_SAMPLE;
	ksm_budget_spend(budget, seen + v->cleaned * KSM_VISITS_PER_CLEANING + 1);

	ksm_tile_forget(tile, v->gone);
	ksm_tile_unsettle(tile, v->changed);
	for (; unmapped; unmapped &= unmapped - 1)
		ksm_tile_unmap(tile, __ffs64(unmapped));
	if (v->present & ~tile->present)
		ksm_tile_track(tile, v->present);
	budget->drain |= v->drain;
}

/*
 * Read what a visit wants to have read.  Returns where the next visit is to go on: where
 * this one ended, unless the budget did not last.
 */
static unsigned long conclude(struct visit *v, struct ksm_budget *budget)
{
	u64 left = read_pages(v, budget);

	return left ? ksm_tile_addr(v->tile, __ffs64(left)) : v->next;
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

/*
 * Are pages of this tile that are dirty once more to be read in this pass?  What was
 * found in the last pass when they were tells how long they are left alone then.
 */
static bool heat_due(struct ksm_tile *tile)
{
	u8 pass = ksm_stats.full_scans;
	s8 ahead = tile->due - pass;

	if (!ahead)
		return true;
	if (ahead < 0 || ahead > 1 << KSM_MAX_HEAT) {
		tile->heat = tile->heated ? min(tile->heat + 1, KSM_MAX_HEAT) : 0;
		tile->skip = 2 * tile->heated > hweight64(tile->present);
		tile->heated = 0;
		tile->due = tile->heat ? tile->due + (1 << tile->heat) : pass;
		ahead = tile->due - pass;
		/* There was no visit for a while. */
		if (ahead < 0 || ahead > 1 << KSM_MAX_HEAT) {
			tile->due = pass;
			ahead = 0;
		}
	}
	return !ahead;
}

/* Returns false if the tile is not to be visited now. */
static bool visit_init(struct visit *v, struct vm_area_struct *vma,
		       struct ksm_tile *tile, unsigned long addr, unsigned long end)
{
	*v = (struct visit) {
		.vma = vma,
		.tile = tile,
		.addr = addr,
		.end = end,
		.next = addr,
		.sampled = ksm_vma_sampled(vma),
	};
	if (!tile)
		return false;
	if (ksm_knobs.smart_scan && !v->sampled) {
		v->again = tile->present & ~(ksm_tile_unstable(tile) | ksm_tile_merged(tile));
		if (v->again && !heat_due(tile)) {
			v->leave = v->again;
			if (tile->skip) {
				ksm_stats.skipped += hweight64(tile->present);
				return false;
			}
		}
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

/* The tile of [addr, end) to be visited, or NULL. */
static struct ksm_tile *tile_of(struct ksm_mm *kmm, struct vm_area_struct *vma,
				pmd_t *pmdp, unsigned long addr, unsigned long end)
{
	struct ksm_tile *tile = ksm_vma_tile_find(kmm, vma, addr);

	/* No tile is made, to be freed at once, where few addresses are in use. */
	if (!tile && is_hole(pmdp, addr, end)) {
		ksm_forget_range(kmm, addr, end, NULL, NULL);
		return NULL;
	}
	return tile ?: ksm_vma_tile(kmm, vma, addr);
}

/* Look at the PTEs of some tiles that one page table maps.  One flush for all of them. */
static void sweep_ptes(struct vm_area_struct *vma, pmd_t *pmdp, unsigned int nr,
		       struct ksm_budget *budget)
{
	struct sweep sweep = { .wants = budget->reads };
	struct visit *v, *first = visits;
	spinlock_t *ptl;	/* of the page table */
	pte_t *ptep;

	ptep = pte_offset_map_lock(vma->vm_mm, pmdp, first->addr, &ptl);
	for (v = first; !ptep && v < first + nr; v++)
		v->next = v->end;
	if (!ptep)
		return;
	for (v = first; v < first + nr && sweep.wants; v++)
		visit_ptes(v, &sweep, ptep + ((v->addr - first->addr) >> PAGE_SHIFT));
	/* Before the lock is dropped: a stale TLB entry would hide writes. */
	if (sweep.flush_end) {
		flush_tlb_range(vma, sweep.flush_start, sweep.flush_end);
		ksm_budget_spend(budget, KSM_VISITS_PER_FLUSH);
	}
	pte_unmap_unlock(ptep, ptl);
}

/*
 * Visit the pages of [addr, end), mapped by the PTEs of one page table, or some tiles at
 * the start of it.  Returns where to go on.
 */
static unsigned long scan_ptes(struct ksm_mm *kmm, struct vm_area_struct *vma,
			       pmd_t *pmdp, unsigned long addr, unsigned long end,
			       struct ksm_budget *budget)
{
	unsigned int most = ksm_vma_sampled(vma) ? 1 : KSM_VISIT_TILES;
	unsigned long next, stop = 0;
	unsigned int nr = 0;
	struct visit *v;

	for (; addr < end && nr < most; addr = next) {
		next = min(end, ALIGN(addr + 1, KSM_TILE_SIZE));
		if (visit_init(&visits[nr], vma, tile_of(kmm, vma, pmdp, addr, next),
			       addr, next))
			nr++;
		else
			ksm_budget_spend(budget, 1);
	}
	if (!nr)
		return addr;
	sweep_ptes(vma, pmdp, nr, budget);
	/* All of them before the first is read: reading may end early. */
	for (v = visits; v < visits + nr; v++) {
		if (v->next > v->addr)
			ksm_forget_range(kmm, v->addr, v->next, v->tile, NULL);
		note(v, budget);
	}
	for (v = visits; v < visits + nr; v++) {
		if (!stop) {
			next = conclude(v, budget);
			if (next < v->end)
				stop = next;
		}
		ksm_tile_trim(v->tile);
	}
	return stop ?: addr;
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
			u64 merged = ksm_tile_merged(tile) & pages;

			/* There were small pages before. */
			for (; merged; merged &= merged - 1)
				ksm_tile_unmap(tile, __ffs64(merged));
			ksm_tile_unsettle(tile, pages);
			ksm_tile_track(tile, pages);
			ksm_stats.scanned += hweight64(pages);
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

/* Visit the pages of [addr, end), mapped by a huge PMD, as far as one tile goes. */
static unsigned long scan_huge(struct ksm_mm *kmm, struct vm_area_struct *vma,
			       pmd_t *pmdp, unsigned long addr, unsigned long end,
			       struct ksm_budget *budget)
{
	unsigned long head = addr & HPAGE_PMD_MASK;
	unsigned long tile_end = min(end, ALIGN(addr + 1, KSM_TILE_SIZE));
	struct mm_struct *mm = vma->vm_mm;
	struct visit *v = visits;
	struct page *page = NULL;
	bool dirty, again;
	spinlock_t *ptl;	/* of the page table */
	u64 pages;

	if (!ksm_knobs.thp_split_threshold) {
		ksm_budget_spend(budget, 1);
		return ksm_forget_range(kmm, addr, end, NULL, budget);
	}
	if (!visit_init(v, vma, ksm_vma_tile(kmm, vma, addr), addr, tile_end)) {
		ksm_budget_spend(budget, 1);
		return tile_end;
	}
	pages = ksm_tile_mask(v->tile, addr, tile_end);

	ptl = pmd_lock(mm, pmdp);
	if (pmd_present(*pmdp) && pmd_trans_huge(*pmdp))
		page = vm_normal_page_pmd(vma, head, *pmdp);
	if (!page || !ksm_page_mergeable(page)) {
		spin_unlock(ptl);
		ksm_budget_spend(budget, 1);
		return ksm_forget_range(kmm, addr, end, NULL, budget);
	}
	dirty = !v->sampled && pmd_dirty(*pmdp);
	again = dirty && (v->again & pages);
	if (dirty && !again && addr == head) {
		clean_pmd(vma, head, pmdp, page_folio(page));
		ksm_budget_spend(budget, KSM_VISITS_PER_FLUSH);
	}
	if (v->sampled) {
		unsigned int i;

		page += (v->tile->addr - head) >> PAGE_SHIFT;
		for (i = 0; i < KSM_TILE_PAGES; i++) {
			if (!(pages & BIT_ULL(i)))
				continue;
			note_sampled(page + i, i);
		}
	}
	spin_unlock(ptl);

	if (dirty && !again) {
		/* To be seen clean, and then read, by the next pass. */
		unsettle_range(kmm, vma, addr, end, budget);
		ksm_tile_trim(v->tile);
		return end;
	}
	v->next = tile_end;
	v->present = pages;
	v->unmapped = pages & ksm_tile_merged(v->tile);
	if (again && v->leave) {
		v->known = pages;
	} else if (again) {
		v->hot = pages;
		v->want = pages;
	} else if (!v->sampled) {
		v->known = v->reread ? 0 : pages & ksm_tile_unstable(v->tile);
		v->want = pages & ~v->known;
	}
	ksm_forget_range(kmm, addr, tile_end, v->tile, NULL);
	note(v, budget);
	addr = conclude(v, budget);
	ksm_tile_trim(v->tile);
	return addr;
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
		ksm_budget_spend(budget, 1);
		return ksm_forget_range(kmm, addr, end, NULL, budget);
	}
	/* Under migration, most likely: the next pass finds it again. */
	if (!pmd_present(pmd)) {
		ksm_budget_spend(budget, 1);
		return end;
	}
	while (addr < end && ksm_budget_left(budget) && !ksm_hurried(kmm)) {
		if (pmd_trans_huge(pmdp_get_lockless(pmdp)))
			addr = scan_huge(kmm, vma, pmdp, addr, end, budget);
		else
			addr = scan_ptes(kmm, vma, pmdp, addr, end, budget);
		cond_resched();
	}
	return addr;
}

/**
 * ksm_visit_init - find out what the hardware does
 */
void __init ksm_visit_init(void)
{
#if defined(CONFIG_X86) || defined(CONFIG_UML)
	ksm_dirty_bit = true;
#elif defined(CONFIG_ARM64_HW_AFDBM)
	ksm_dirty_bit = cpus_have_final_cap(ARM64_HW_DBM);
#elif defined(CONFIG_RISCV)
	/* One extension stands for both bits. */
	ksm_dirty_bit = arch_has_hw_pte_young();
#endif
}
