// SPDX-License-Identifier: GPL-2.0
/*
 * Sweeps: visits to what one page table maps, or to a hole.
 */
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include <asm/tlbflush.h>

#include "internal.h"
#include "visit.h"

/* How many of the @merged pages from page @i on still map the KSM folios that they did. */
static unsigned int known_mappings(struct ksm_tile *tile, u64 merged,
				   unsigned int i, pte_t *ptep)
{
	struct ksm_slot *slot = ksm_slot(tile, i);
	unsigned int max = ksm_slot_row(tile, i);
	u64 others = ~(merged >> i);
	pte_t *start = ptep, *end;

	if (others)
		max = min_t(unsigned int, max, __ffs64(others));
	for (end = start + max; ptep < end; ptep++, slot++) {
		pte_t pte = ptep_get(ptep);
		unsigned long mapping;

		if (!pte_present(pte))
			break;
		mapping = (unsigned long)READ_ONCE(pfn_to_page(pte_pfn(pte))->mapping);
		/* The node's address, and nothing else that is mapped has that. */
		if ((mapping ^ slot->word) > KSM_SLOT_MASK)
			break;
	}
	return ptep - start;
}

/* A page that is not to be merged, or is merged already.  Is that enough now? */
static bool visit_other(struct ksm_visit *v, struct folio *folio, u64 bit, bool merged)
{
	if (!folio_test_anon(folio)) {
		v->gone |= bit;
		return false;
	}
	v->present |= bit;
	/* It may be in the unstable tree, from before it came to be so. */
	v->changed |= bit;
	if (merged) {
		v->unmapped |= bit;
		return false;
	}
	if (!folio_test_ksm(folio))
		return false;
	v->adopt |= bit;
	return !--v->sweep->wants;
}

/* Any page that is not known to be unchanged at first sight.  Is that enough now? */
static bool visit_page(struct ksm_visit *v, u64 bit, unsigned long addr, pte_t *ptep,
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
	if (!ksm_eligible_folio(folio, page))
		return visit_other(v, folio, bit, merged);

	v->present |= bit;
	if (merged)
		v->unmapped |= bit;
	if (!folio_test_lru(folio))
		v->sweep->drain = true;

	if (v->look & bit) {
		ksm_visit_wait(v, page, __ffs64(bit));
		return !--v->sweep->looks;
	}
	if (pte_dirty(pte) || (v->seen.written & bit)) {
		if (!(v->again & bit)) {
			if (pte_dirty(pte)) {
				ksm_pte_clean(v->sweep->vma->vm_mm, addr, ptep, folio);
				v->cleaned |= bit;
			} else {
				v->changed |= bit;
			}
			return false;
		}
		if (v->leave) {
			v->known |= bit;
			v->changed |= v->seen.written & bit;
			return false;
		}
		v->hot |= bit;
	}
	/* What is dirty now, or seems unchanged, would not be read in a later one. */
	if (v->sweep->round == KSM_ROUND_PICK && !((v->hot | v->reread) & bit)) {
		ksm_visit_pick(v, page, __ffs64(bit));
		return !--v->sweep->looks;
	}
	v->page[__ffs64(bit)] = page;
	v->want |= bit;
	return !--v->sweep->wants;
}

static bool is_clean(pte_t pte)
{
	return pte_present(pte) && !pte_dirty(pte);
}

/*
 * Look at the PTEs of these pages, side by side in one VMA; @ptep is where that of the
 * tile's first page is, or would be, and the page table is locked.  Returns those that are
 * left if as many want to be read as may be.
 *
 * Settled pages come in runs, and each run is gone through in a loop of its own.
 */
static u64 visit_part(struct ksm_visit *v, u64 pages, pte_t *ptep)
{
	struct ksm_tile *tile = v->tile;
	u64 settled = v->seen.trusted & ksm_tile_unstable(tile) & pages;
	u64 merged = ksm_tile_merged(tile) & pages;
	u64 bit, first;
	pte_t pte;

	ptep += __ffs64(pages);
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
				      bit & merged)) {
			bit <<= 1;
			break;
		}
	}
	return bit ? pages & -bit : 0;
}

/* The pages of a visit that are in a VMA. */
static u64 part_in(const struct ksm_visit *v, const struct vm_area_struct *vma)
{
	return ksm_tile_mask(v->tile, max(v->addr, vma->vm_start),
			     min(v->end, vma->vm_end));
}

/* Look at all PTEs of a visit, as visit_part() does. */
static void visit_ptes(struct ksm_visit *v, pte_t *ptep)
{
	struct ksm_sweep *sweep = v->sweep;
	u64 pages = v->part, left;
	unsigned int i = v->vma;

	for (;;) {
		sweep->vma = sweep->vmas->vma[i];
		left = visit_part(v, pages, ptep);
		if (left || i == v->last_vma)
			break;
		pages = part_in(v, sweep->vmas->vma[++i]);
		if (!sweep->wants || !sweep->looks) {
			left = pages;
			break;
		}
	}
	v->next = left ? ksm_tile_addr(v->tile, __ffs64(left)) : v->end;
	if (v->cleaned) {
		if (!sweep->cleaned)
			sweep->flush_start = ksm_tile_addr(v->tile, __ffs64(v->cleaned));
		sweep->flush_end = ksm_tile_addr(v->tile, fls64(v->cleaned));
		sweep->cleaned += hweight64(v->cleaned);
		v->changed |= v->cleaned;
	}
}

/* Does nothing stand in these PTEs?  A hint, no lock is taken. */
static bool is_hole(pmd_t *pmdp, unsigned long addr, unsigned long end)
{
	pte_t *start = pte_offset_map(pmdp, addr), *ptep = start, *behind;

	if (!start)
		return false;
	behind = start + ((end - addr) >> PAGE_SHIFT);
	while (ptep < behind && pte_none(ptep_get_lockless(ptep)))
		ptep++;
	pte_unmap(start);
	return ptep == behind;
}

/*
 * The tile of [addr, end) to be visited, or NULL; then, nothing is kept track of from
 * @start on.  @at is as in ksm_vma_tile_at().
 */
static struct ksm_tile *tile_of(struct ksm_mm *kmm, struct ksm_sweep *sweep,
				unsigned long start, unsigned long addr,
				unsigned long end, struct ksm_tile **at)
{
	struct ksm_tile *tile = ksm_vma_tile_at(sweep->vma, addr, at);

	if (tile)
		return tile;
	if (!is_hole(sweep->pmdp, addr, end))
		return ksm_vma_tile_get(kmm, sweep->vma, addr, *at);
	/* No tile is made, to be freed at once, where few addresses are in use. */
	if (*at && (*at)->addr < end) {
		ksm_forget_range(kmm, start, end, NULL, NULL);
		*at = ksm_tile_from(kmm, end);
	}
	return NULL;
}

/*
 * Are there other tiles at the addresses of this one?  @at is the first from there on, and
 * is moved past this one.
 */
static bool has_others(struct ksm_tile *tile, struct ksm_tile **at)
{
	if (*at == tile)
		*at = ksm_tile_next(tile);
	return *at && (*at)->addr == tile->addr;
}

/*
 * Look at the PTEs of some tiles that one page table maps.  One flush for all of them.
 * Not inlined, so that the loops over PTEs have the registers for themselves.
 */
static noinline void sweep_ptes(struct ksm_sweep *sweep, struct ksm_visit *first,
				unsigned int nr, struct ksm_budget *budget)
{
	struct vm_area_struct *vma = sweep->vmas->vma[0];
	struct ksm_visit *v;
	spinlock_t *ptl;	/* of the page table */
	pte_t *ptep;

	ptep = pte_offset_map_lock(vma->vm_mm, sweep->pmdp, first->addr, &ptl);
	for (v = first; !ptep && v < first + nr; v++)
		v->next = v->end;
	if (!ptep)
		return;
	for (v = first; v < first + nr && sweep->wants && sweep->looks; v++)
		visit_ptes(v, ptep + (((long)v->tile->addr - (long)first->addr) >> PAGE_SHIFT));
	/* Before the lock is dropped: a stale TLB entry would hide writes. */
	if (sweep->cleaned) {
		flush_tlb_range(vma, sweep->flush_start, sweep->flush_end);
		ksm_budget_spend(budget, KSM_VISITS_PER_FLUSH +
				 sweep->cleaned * KSM_VISITS_PER_CLEANING);
	}
	pte_unmap_unlock(ptep, ptl);
}

/* Tiles that are visited under one page table lock at the most: a page table, usually. */
#define KSM_SWEEP_TILES		8

/* What a sweep needs, too large for the stack; guarded by ksm_mutex. */
static struct {
	struct ksm_told told;
	struct ksm_visit visit[KSM_SWEEP_TILES];
	struct page *page[KSM_SWEEP_TILES][KSM_TILE_PAGES];
} space;

/*
 * Have a visit that begins in the first of these VMAs take in those that have the same
 * tile.  What is between them is forgotten.
 */
static void take_in(struct ksm_visit *v, const struct ksm_vmas *vmas)
{
	u64 gaps = ksm_tile_mask(v->tile, v->addr, v->end) & ~v->part;
	unsigned int i;

	for (i = v->vma + 1; i < vmas->nr && vmas->vma[i]->vm_start < v->end; i++) {
		if (!ksm_vma_fits(vmas->vma[i], v->tile)) {
			v->end = vmas->vma[v->last_vma]->vm_end;
			gaps &= ksm_tile_mask(v->tile, v->addr, v->end);
			break;
		}
		gaps &= ~part_in(v, vmas->vma[i]);
		v->last_vma = i;
	}
	ksm_forget_pages(v->tile, gaps);
}

/*
 * End what the pages of some visits share with other domains, those included that were
 * found to do so when they were read.  Returns where to go on if that is to be gone on
 * with, or 0.
 */
static unsigned long end_shares(struct ksm_mm *kmm, struct ksm_visit *first,
				unsigned int nr, struct ksm_budget *budget)
{
	struct ksm_visit *v;
	unsigned long next;

	for (v = first; v < first + nr && kmm->apart; v++) {
		next = ksm_apart_visit(v, budget);
		if (next < v->next)
			return next;
	}
	return 0;
}

/*
 * Visit the pages of [addr, end), mapped by the PTEs of one page table, or some tiles at
 * the start of it.  Returns where to go on.
 */
static unsigned long scan_ptes(struct ksm_mm *kmm, const struct ksm_vmas *vmas,
			       pmd_t *pmdp, unsigned long addr, unsigned long end,
			       struct ksm_budget *budget)
{
	struct ksm_sweep sweep = {
		.vmas = vmas,
		.pmdp = pmdp,
		.told = &space.told,
		.round = budget->round,
		.wants = budget->reads,
		.looks = KSM_TILE_PAGES,
	};
	struct ksm_tile *tile, *at = ksm_tile_from(kmm, addr);
	struct ksm_visit *v, *visits = space.visit;
	unsigned int nr = 0, looks = 0, i = 0;
	unsigned long start, next, tile_end, stop = 0;
	bool begun;

	for (; addr < end && nr < KSM_SWEEP_TILES && looks < sweep.looks; addr = next) {
		while (vmas->vma[i]->vm_end <= addr)
			i++;
		sweep.vma = vmas->vma[i];
		start = max(addr, sweep.vma->vm_start);
		tile_end = min(end, ALIGN(addr + 1, KSM_TILE_SIZE));
		next = tile_end;
		if (start >= next) {
			next = ALIGN_DOWN(start, KSM_TILE_SIZE);
			while (at && at->addr + KSM_TILE_SIZE <= addr)
				at = ksm_tile_next(at);
			/* That is for the caller to forget. */
			if (at && at->addr < next)
				break;
			continue;
		}
		tile = tile_of(kmm, &sweep, addr, start, min(next, sweep.vma->vm_end), &at);
		if (!tile) {
			next = min(next, sweep.vma->vm_end);
			ksm_budget_spend(budget, 1);
			continue;
		}
		v = &visits[nr];
		if (budget->round > KSM_ROUND_PICK)
			begun = ksm_visit_begin_deferred(v, space.page[nr], &sweep, tile,
							 addr, next);
		else
			begun = ksm_visit_begin(v, space.page[nr], &sweep, tile, addr, next);
		v->vma = i;
		v->last_vma = i;
		v->part = ksm_tile_mask(tile, start, min(next, sweep.vma->vm_end));
		if (vmas->nr > 1) {
			take_in(v, vmas);
			next = v->end;
		}
		if (!begun) {
			ksm_budget_spend(budget, 1);
			continue;
		}
		v->others = has_others(tile, &at);
		if (v->look)
			looks += hweight64(v->look & tile->present);
		nr++;
		/* What comes next has another tile there, which may be freed below. */
		if (next < tile_end) {
			addr = next;
			break;
		}
	}
	if (!nr)
		return addr;
	sweep_ptes(&sweep, visits, nr, budget);
	/* All of them before the first is read: reading may end early. */
	for (v = visits; v < visits + nr; v++) {
		if (v->others && v->next > v->addr)
			ksm_forget_others(v->tile, v->addr, v->next);
		ksm_visit_note(v, budget);
	}
	if (static_branch_unlikely(&ksm_domain_used))
		stop = end_shares(kmm, visits, nr, budget);
	for (v = visits; v < visits + nr; v++) {
		if (v->quiet)
			continue;
		if (!stop) {
			next = ksm_visit_read(v, budget);
			if (next < v->end)
				stop = next;
		}
		if (static_branch_unlikely(&ksm_domain_used)) {
			next = end_shares(kmm, v, 1, budget);
			if (next && (!stop || next < stop))
				stop = next;
		}
		ksm_forget_trim(v->tile);
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
 * ksm_sweep_pmd - visit what one PMD entry maps, or the hole that stands there
 * @kmm: process
 * @vmas: mergeable VMAs, locked
 * @addr: where to start, in one of @vmas
 * @budget: what may be done; less what is done
 *
 * Context: ksm_mutex held, may sleep.
 * Return: where the next visit is to go on; @addr itself if nothing was left of
 *	   the budget.
 */
unsigned long ksm_sweep_pmd(struct ksm_mm *kmm, const struct ksm_vmas *vmas,
			    unsigned long addr, struct ksm_budget *budget)
{
	struct vm_area_struct *vma = vmas->vma[0];
	unsigned long end;
	pmd_t *pmdp, pmd = __pmd(0);

	pmdp = ksm_pte_find_pmd(vma->vm_mm, addr, &end);
	if (pmdp)
		pmd = pmdp_get_lockless(pmdp);
	end = min(end, vmas->vma[vmas->nr - 1]->vm_end);

	if (pmd_none(pmd))
		return scan_hole(kmm, addr, end, budget);
	/* Under migration, most likely: the next pass finds it again. */
	if (!pmd_present(pmd)) {
		ksm_budget_spend(budget, 1);
		return end;
	}
	/* It has come to be so since. */
	if (budget->round > KSM_ROUND_PICK && pmd_trans_huge(pmd)) {
		ksm_budget_spend(budget, 1);
		return end;
	}
	ksm_change_ask(&space.told, kmm, vma, addr, end, pmd_trans_huge(pmd), budget);
	/* Something at least: what asking takes may be more than a batch. */
	do {
		if (pmd_trans_huge(pmdp_get_lockless(pmdp)))
			addr = ksm_huge_visit(kmm, vmas, pmdp, addr, end, &space.told,
					      budget);
		else
			addr = scan_ptes(kmm, vmas, pmdp, addr, end, budget);
		cond_resched();
		/* Between several, there may be something for the caller to forget. */
		if (vmas->nr > 1 || ksm_vma_contended(vma))
			break;
	} while (addr < end && ksm_budget_left(budget) && !ksm_mm_hurried(kmm));
	return addr;
}
