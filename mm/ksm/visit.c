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
#include "visit.h"

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

/**
 * ksm_visit_sample - have a page sampled once the page table is unlocked
 * @page: page of the tile that is visited
 * @i: its place there
 *
 * Context: page table lock held.
 */
void ksm_visit_sample(struct page *page, unsigned int i)
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
		ksm_visit_sample(page, i);
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

/**
 * ksm_visit_note - put down what a visit has found
 * @v: visit
 * @budget: what may be done; less what is done
 *
 * Context: ksm_mutex held, VMA locked, may sleep.
 */
void ksm_visit_note(struct visit *v, struct ksm_budget *budget)
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

/**
 * ksm_visit_read - read what a visit wants to have read
 * @v: visit, noted
 * @budget: what may be done; less what is done
 *
 * Context: ksm_mutex held, VMA locked, may sleep.
 * Return: where the next visit is to go on: where this one ended, unless the budget
 *	   did not last or somebody waits.
 */
unsigned long ksm_visit_read(struct visit *v, struct ksm_budget *budget)
{
	u64 left = read_pages(v, budget);

	return left ? ksm_tile_addr(v->tile, __ffs64(left)) : v->next;
}

/**
 * ksm_visit_begin - begin a visit
 * @v: visit
 * @vma: VMA, locked
 * @tile: tile, or NULL
 * @addr: first address, in @tile
 * @end: end of the part of it that is to be visited
 *
 * Context: ksm_mutex held.
 * Return: false if the tile is not to be visited now.
 */
bool ksm_visit_begin(struct visit *v, struct vm_area_struct *vma,
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
		if (v->again && !ksm_heat_due(tile)) {
			v->leave = v->again;
			if (tile->skip) {
				ksm_stats.skipped += hweight64(tile->present);
				return false;
			}
		}
	}
	v->reread = ksm_reread_due(tile, v->sampled);
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
		if (ksm_visit_begin(&visits[nr], vma, tile_of(kmm, vma, pmdp, addr, next),
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
		ksm_visit_note(v, budget);
	}
	for (v = visits; v < visits + nr; v++) {
		if (!stop) {
			next = ksm_visit_read(v, budget);
			if (next < v->end)
				stop = next;
		}
		ksm_tile_trim(v->tile);
	}
	return stop ?: addr;
}

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
			addr = ksm_visit_huge(kmm, vma, pmdp, addr, end, budget);
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
