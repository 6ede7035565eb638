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

/* Pages that are read, and merged, at least while somebody waits for the VMA. */
#define KSM_READS_AT_A_TIME	8

/* Tiles that are visited under one page table lock: a page table, usually. */
#define KSM_VISIT_TILES		8

static struct visit visits[KSM_VISIT_TILES];

/*
 * Does the hardware set the dirty bit?  Where it does not, each cleaned PTE is a fault of
 * the writer: there, pages are not cleaned but read, at each visit.
 */
bool ksm_dirty_bit __read_mostly;

/* The pages of a sampled visit, between page table lock and sampling. */
static struct page *sampled_pages[KSM_TILE_PAGES];

/* How many of the @merged pages from page @i on still map the KSM folios that they did. */
static unsigned int known_mappings(struct ksm_tile *tile, u64 merged,
				   unsigned int i, pte_t *ptep)
{
	struct ksm_slot *slot = ksm_slot(tile, i);
	unsigned int max = ksm_slots_in_row(tile, i);
	u64 others = ~(merged >> i);
	pte_t *start = ptep, *end;

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
static void clean_pte(struct mm_struct *mm, unsigned long addr, pte_t *ptep,
		      struct folio *folio)
{
	pte_t pte;

	/* All that folio_mark_dirty() does for an anonymous folio. */
	if (!folio_test_dirty(folio))
		folio_set_dirty(folio);
	/* This one only, also where a TLB entry serves several. */
	pte = ptep_get_and_clear(mm, addr, ptep);
	set_pte_at(mm, addr, ptep, pte_mkclean(pte));
}

/* A page that is not to be merged, or is merged already. */
static bool visit_other(struct visit *v, struct folio *folio, u64 bit, bool merged)
{
	if (!folio_test_anon(folio)) {
		v->gone |= bit;
		return false;
	}
	v->present |= bit;
	/* It may be in the unstable tree, from before it came to be so. */
	v->changed |= bit;
	if (merged)
		v->unmapped |= bit;
	else if (folio_test_ksm(folio))
		v->adopt |= bit;
	return v->adopt & bit;
}

/* Any page that is not known to be unchanged at first sight.  Is it to be read? */
static bool visit_page(struct visit *v, u64 bit, unsigned long addr, pte_t *ptep,
		       pte_t pte, bool merged)
{
	struct page *page;
	struct folio *folio;

	page = vm_normal_page(v->sweep->vma, addr, pte);
	if (!page) {
		v->gone |= bit;
		return false;
	}
	folio = page_folio(page);
	if (!ksm_folio_mergeable(folio, page))
		return visit_other(v, folio, bit, merged);

	v->present |= bit;
	if (merged)
		v->unmapped |= bit;
	if (!folio_test_lru(folio))
		v->sweep->drain = true;

	if (v->sweep->sampled) {
		ksm_visit_sample(page, __ffs64(bit));
		return false;
	}
	if (pte_dirty(pte)) {
		if (!(v->again & bit)) {
			clean_pte(v->sweep->vma->vm_mm, addr, ptep, folio);
			v->cleaned |= bit;
			return false;
		}
		if (v->leave) {
			v->known |= bit;
			return false;
		}
		v->hot |= bit;
	}
	v->want |= bit;
	return true;
}

static bool is_clean(pte_t pte)
{
	return pte_present(pte) && !pte_dirty(pte);
}

/*
 * Look at the PTEs, @ptep being the first; the page table is locked.  Stops short of
 * v->end if as many pages want to be read as may be.
 *
 * Settled pages come in runs, and each run is gone through in a loop of its own.
 */
static void visit_ptes(struct visit *v, pte_t *ptep)
{
	struct sweep *sweep = v->sweep;
	struct ksm_tile *tile = v->tile;
	u64 pages = ksm_tile_mask(tile, v->addr, v->end);
	u64 settled = sweep->sampled || v->reread ? 0 : ksm_tile_unstable(tile) & pages;
	u64 merged = ksm_tile_merged(tile) & pages;
	u64 bit, first;
	pte_t pte;

	for (bit = BIT_ULL(__ffs64(pages)); bit & pages; bit <<= 1, ptep++) {
		for (first = bit; (bit & settled) && is_clean(ptep_get(ptep)); bit <<= 1)
			ptep++;
		if (bit != first) {
			v->known |= bit - first;
			if (!(bit & pages))
				break;
		}
		if (bit & merged) {
			unsigned int i = __ffs64(bit);
			unsigned int run = known_mappings(tile, merged, i, ptep);

			if (run) {
				ptep += run - 1;
				bit <<= run - 1;
				v->known |= GENMASK_ULL(i + run - 1, i);
				continue;
			}
		}
		pte = ptep_get(ptep);
		if (!pte_present(pte)) {
			v->gone |= bit;
		} else if (visit_page(v, bit, ksm_tile_addr(tile, __ffs64(bit)), ptep, pte,
				      bit & merged) && !--sweep->wants) {
			bit <<= 1;
			break;
		}
	}
	v->next = bit & pages ? ksm_tile_addr(tile, __ffs64(bit)) : v->end;
	if (v->cleaned) {
		if (!sweep->cleaned)
			sweep->flush_start = ksm_tile_addr(tile, __ffs64(v->cleaned));
		sweep->flush_end = ksm_tile_addr(tile, fls64(v->cleaned));
		sweep->cleaned += hweight64(v->cleaned);
		v->changed |= v->cleaned;
	}
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
			v->changed |= bit & ksm_tile_keyed(tile);
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
	if (ksm_tile_keyed(tile) & bit) {
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

/* Returns the pages that are left: for want of budget, or because somebody waits. */
static u64 read_pages(struct visit *v, struct ksm_budget *budget)
{
	struct sweep *sweep = v->sweep;
	struct ksm_item item = {
		.vma = sweep->vma,
		.pmdp = sweep->pmdp,
		.tile = v->tile,
	};
	u64 left = v->want | v->adopt;

	/* In one go; if there is no memory for that, then one by one. */
	if (left)
		ksm_slots_reserve(v->tile, left & ~ksm_tile_merged(v->tile));

	for (; left && budget->reads && !sweep->cut_short && !ksm_hurried(v->tile->owner);
	     left &= left - 1) {
		item.nr = __ffs64(left);
		/* By now it may be merged with one before it, and written again. */
		if (ksm_tile_merged(v->tile) & BIT_ULL(item.nr))
			continue;
		item.page = ksm_item_get_page(&item);
		if (!item.page)
			continue;
		budget->reads--;
		item.sampled = sweep->sampled || (v->hot & BIT_ULL(item.nr));
		if (PageKsm(item.page)) {
			if (ksm_slots_reserve(v->tile, BIT_ULL(item.nr)))
				ksm_merge_adopt(&item);
		} else if (ksm_page_mergeable(item.page)) {
			read_page(v, &item);
		}
		put_page(item.page);
		sweep->cut_short = !(++sweep->reads % KSM_READS_AT_A_TIME) &&
				   ksm_vma_contended(sweep->vma);
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
	u64 unmapped;

	if (v->sweep->sampled)
		visit_samples(v);
	known = hweight64(v->known);
	seen = hweight64(v->known | v->present);
	if (ksm_knobs.smart_scan) {
		ksm_stats.skipped += known;
		ksm_stats.scanned += seen - known;
	} else {
		ksm_stats.scanned += seen;
	}
	if (v->sweep->sampled)
		seen *= KSM_VISITS_PER_SAMPLE;
	ksm_budget_spend(budget, seen + 1);
	/* Before anything is forgotten. */
	v->quiet = v->known && !v->present && !(v->gone & tile->present);
	if (v->quiet)
		return;

	unmapped = v->unmapped & ksm_tile_merged(tile);
	ksm_tile_forget(tile, v->gone);
	ksm_tile_unsettle(tile, v->changed);
	for (; unmapped; unmapped &= unmapped - 1)
		ksm_tile_unmap(tile, __ffs64(unmapped));
	if (v->present & ~tile->present)
		ksm_tile_track(tile, v->present);
	budget->drain |= v->sweep->drain;
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
 * @sweep: what it is a part of
 * @tile: tile
 * @addr: first address, in @tile
 * @end: end of the part of it that is to be visited
 *
 * Context: ksm_mutex held.
 * Return: false if the tile is not to be visited now.
 */
bool ksm_visit_begin(struct visit *v, struct sweep *sweep, struct ksm_tile *tile,
		     unsigned long addr, unsigned long end)
{
	*v = (struct visit) {
		.sweep = sweep,
		.tile = tile,
		.addr = addr,
		.end = end,
		.next = addr,
	};
	if (ksm_knobs.smart_scan && !sweep->sampled) {
		v->again = tile->present & ~(ksm_tile_unstable(tile) | ksm_tile_merged(tile));
		if (v->again && !ksm_heat_due(tile)) {
			v->leave = true;
			if (tile->skip) {
				ksm_stats.skipped += hweight64(tile->present);
				return false;
			}
		}
	}
	v->reread = ksm_reread_due(tile, sweep->sampled);
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

/* The tile of [addr, end) to be visited, or NULL; @at is as in ksm_vma_tile_at(). */
static struct ksm_tile *tile_of(struct ksm_mm *kmm, struct sweep *sweep,
				unsigned long addr, unsigned long end,
				struct ksm_tile **at)
{
	struct ksm_tile *tile = ksm_vma_tile_at(sweep->vma, addr, at);

	if (tile)
		return tile;
	if (!is_hole(sweep->pmdp, addr, end))
		return ksm_vma_tile(kmm, sweep->vma, addr);
	/* No tile is made, to be freed at once, where few addresses are in use. */
	if (*at && (*at)->addr < end) {
		ksm_forget_range(kmm, addr, end, NULL, NULL);
		*at = ksm_tile_from(kmm, end);
	}
	return NULL;
}

/* Look at the PTEs of some tiles that one page table maps.  One flush for all of them. */
static void sweep_ptes(struct sweep *sweep, unsigned int nr, struct ksm_budget *budget)
{
	struct vm_area_struct *vma = sweep->vma;
	struct visit *v, *first = visits;
	spinlock_t *ptl;	/* of the page table */
	pte_t *ptep;

	ptep = pte_offset_map_lock(vma->vm_mm, sweep->pmdp, first->addr, &ptl);
	for (v = first; !ptep && v < first + nr; v++)
		v->next = v->end;
	if (!ptep)
		return;
	for (v = first; v < first + nr && sweep->wants; v++)
		visit_ptes(v, ptep + ((v->addr - first->addr) >> PAGE_SHIFT));
	/* Before the lock is dropped: a stale TLB entry would hide writes. */
	if (sweep->cleaned) {
		flush_tlb_range(vma, sweep->flush_start, sweep->flush_end);
		ksm_budget_spend(budget, KSM_VISITS_PER_FLUSH +
				 sweep->cleaned * KSM_VISITS_PER_CLEANING);
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
	struct sweep sweep = {
		.vma = vma,
		.pmdp = pmdp,
		.sampled = ksm_vma_sampled(vma),
		.wants = budget->reads,
	};
	unsigned int most = sweep.sampled ? 1 : KSM_VISIT_TILES;
	struct ksm_tile *tile, *at = ksm_tile_from(kmm, addr);
	unsigned long next, stop = 0;
	unsigned int nr = 0;
	struct visit *v;

	for (; addr < end && nr < most; addr = next) {
		next = min(end, ALIGN(addr + 1, KSM_TILE_SIZE));
		tile = tile_of(kmm, &sweep, addr, next, &at);
		if (tile && ksm_visit_begin(&visits[nr], &sweep, tile, addr, next))
			nr++;
		else
			ksm_budget_spend(budget, 1);
	}
	if (!nr)
		return addr;
	sweep_ptes(&sweep, nr, budget);
	/* All of them before the first is read: reading may end early. */
	for (v = visits; v < visits + nr; v++) {
		if (v->next > v->addr)
			ksm_forget_others(v->tile, v->addr, v->next);
		ksm_visit_note(v, budget);
	}
	for (v = visits; v < visits + nr; v++) {
		if (v->quiet)
			continue;
		if (!stop) {
			next = ksm_visit_read(v, budget);
			if (next < v->end)
				stop = next;
		}
		ksm_tile_trim(v->tile);
	}
	return stop ?: addr;
}

/* No page tables: a part of a hole where much was before, as for pages that are there. */
static unsigned long scan_hole(struct ksm_mm *kmm, unsigned long addr, unsigned long end,
			       struct ksm_budget *budget)
{
	unsigned long most = min_t(unsigned long, budget->visits, PTRS_PER_PTE);
	struct ksm_budget part = { .reads = 1, .visits = most };

	addr = ksm_forget_range(kmm, addr, end, NULL, &part);
	ksm_budget_spend(budget, 1 + most - part.visits);
	return addr;
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

	if (pmd_none(pmd))
		return scan_hole(kmm, addr, end, budget);
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
		if (ksm_vma_contended(vma))
			break;
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
