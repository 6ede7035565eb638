// SPDX-License-Identifier: GPL-2.0
/*
 * Visits: what is found of the pages of a tile is put down, and what may have changed
 * is read.
 *
 * A page is read only when it may have changed since the last visit, see change.c.  A
 * settled page then costs a look at its PTE.
 *
 * Cleaning a PTE has a price, which the writer pays: a TLB flush, and the next write
 * has to set the bit again.  So a page that is found dirty once more is not cleaned
 * again but read, as pages without a dirty bit are: once it has been the same twice,
 * it is cleaned.  A tile where that is in vain is left alone, for ever longer.
 */
#include <linux/mm.h>
#include <linux/sched.h>

#include "internal.h"
#include "visit.h"

/* Pages that are read, and merged, at least while somebody waits for the VMA. */
#define KSM_READS_AT_A_TIME	8

/**
 * ksm_visit_wait - have a page looked into once the page table is unlocked
 * @v: visit
 * @page: page of its tile
 * @i: its place there
 *
 * Context: page table lock held.
 */
void ksm_visit_wait(struct ksm_visit *v, struct page *page, unsigned int i)
{
	get_page(page);
	v->page[i] = page;
	v->waiting |= BIT_ULL(i);
}

/**
 * ksm_visit_pick - have a page be read if it is picked, once the page table is unlocked
 * @v: visit
 * @page: page of its tile
 * @i: its place there
 *
 * Context: page table lock held.
 */
void ksm_visit_pick(struct ksm_visit *v, struct page *page, unsigned int i)
{
	get_page(page);
	v->page[i] = page;
	v->pick |= BIT_ULL(i);
}

/* Which of the pages are to be read in this round. */
static noinline void pick(struct ksm_visit *v, struct ksm_budget *budget)
{
	u64 left;

	ksm_budget_spend(budget, KSM_VISITS_PER_SAMPLE * hweight64(v->pick));
	for (left = v->pick; left; left &= left - 1) {
		struct page *page = v->page[__ffs64(left)];

		if (ksm_fingerprint_pick(page))
			v->want |= left & -left;
		put_page(page);
	}
	if (v->pick & ~v->want) {
		v->tile->deferred = true;
		budget->deferred = true;
	}
}

/*
 * Where it is not told: which of the pages seem to have been written.  Like those that
 * are found dirty they are read once they stay the same.
 */
static void look_into(struct ksm_visit *v)
{
	struct ksm_tile *tile = v->tile;
	u64 same = ksm_change_unchanged(v->sweep->told, tile, v->waiting, v->page);
	u64 known = same & ~(v->reread | v->seen.unread) & ksm_tile_unstable(tile);

	v->changed |= v->waiting & ~same & ksm_tile_keyed(tile);
	v->seen.written |= v->waiting & ~same;
	v->known |= known;
	v->want |= same & ~known;
}

/* Read one page in full, and see whether it settles.  Returns whether it has changed. */
static bool read_page(struct ksm_visit *v, struct ksm_item *item)
{
	struct ksm_tile *tile = v->tile;
	u64 bit = BIT_ULL(item->nr);
	/* Not written since the last visit, or not by now if nobody maps it. */
	bool stays = v->seen.unread & ~v->hot & bit;
	bool changed;
	u64 fingerprint;

	fingerprint = ksm_fingerprint_page(item->page);
	if (tile->hints && !((v->hot | v->seen.written) & bit))
		ksm_change_was_read(tile, item->nr, item->clean);
	if (ksm_tile_keyed(tile) & bit) {
		changed = ksm_slot_key(ksm_slot(tile, item->nr)) !=
			  (fingerprint & KSM_KEY_MASK);
		/*
		 * Equal pages lie side by side if they could not be merged.  It may have
		 * migrated to a node where it has equals, too.
		 */
		if (!changed && (ksm_tile_unstable(tile) & bit)) {
			struct ksm_slot *slot = ksm_slot(tile, item->nr);

			if (ksm_slot_nid(slot) == ksm_domain_nid(item->page) &&
			    !ksm_slot_matches(slot))
				return false;
			ksm_tile_unsettle(tile, bit);
		}
		stays |= !changed;
	} else {
		stays |= v->seen.told & ~v->hot & bit;
		changed = !stays;
	}
	if (changed) {
		tile->interval = 0;
		tile->heated += !!(v->hot & bit);
		ksm_tile_unsettle(tile, bit);
	}
	if (!ksm_block_reserve(tile, bit))
		return changed;
	ksm_tile_settle(tile, item->nr, fingerprint);
	if (stays || item->clean || ksm_eager)
		ksm_merge_page(item, fingerprint);
	return changed;
}

/* Returns the pages that are left: for want of budget, or because somebody waits. */
static u64 read_pages(struct ksm_visit *v, struct ksm_budget *budget)
{
	struct ksm_sweep *sweep = v->sweep;
	struct ksm_item item = {
		.pmdp = sweep->pmdp,
		.tile = v->tile,
	};
	u64 left = v->want | v->adopt, next;

	/* In one go; if there is no memory for that, then one by one. */
	if (left)
		ksm_block_reserve(v->tile, left & ~ksm_tile_merged(v->tile));

	for (; left && budget->reads && !sweep->cut_short && !ksm_mm_hurried(v->tile->owner);
	     left &= left - 1) {
		item.nr = __ffs64(left);
		/* By now it may be merged with one before it, and written again. */
		if (ksm_tile_merged(v->tile) & BIT_ULL(item.nr))
			continue;
		item.vma = ksm_vmas_at(sweep->vmas, ksm_item_addr(&item));
		item.page = ksm_pte_get_page(&item);
		if (!item.page)
			continue;
		budget->reads--;
		item.clean = v->seen.told & ~v->hot & BIT_ULL(item.nr);
		if (PageKsm(item.page)) {
			if (ksm_block_reserve(v->tile, BIT_ULL(item.nr)))
				ksm_merge_adopt(&item);
		} else if (ksm_eligible_page(item.page)) {
			next = left & (left - 1) & v->want;
			if (next)
				ksm_fingerprint_prefetch(v->page[__ffs64(next)]);
			budget->found += read_page(v, &item) &&
					 (v->reread & BIT_ULL(item.nr));
		}
		put_page(item.page);
		sweep->cut_short = !(++sweep->reads % KSM_READS_AT_A_TIME) &&
				   ksm_vma_any_contended(sweep->vmas);
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
void ksm_visit_note(struct ksm_visit *v, struct ksm_budget *budget)
{
	struct ksm_tile *tile = v->tile;
	unsigned int seen, known;
	u64 unmapped;

	if (v->waiting)
		look_into(v);
	ksm_change_visited(tile, v->known | v->present, v->waiting);
	known = hweight64(v->known);
	seen = hweight64(v->known | v->present);
	if (ksm_knobs.smart_scan) {
		ksm_stats.skipped += known;
		ksm_stats.scanned += seen - known;
	} else {
		ksm_stats.scanned += seen;
	}
	if (v->waiting)
		seen += KSM_VISITS_PER_SAMPLE * hweight64(v->waiting);
	ksm_budget_spend(budget, seen + 1);
	/* Before anything is forgotten. */
	v->quiet = v->known && !v->present && !(v->gone & tile->present);
	if (v->quiet)
		return;
	if (v->pick)
		pick(v, budget);

	budget->found += hweight64(v->cleaned | (v->seen.written & v->present) |
				   (v->want & ~v->reread) | v->adopt);
	unmapped = v->unmapped & ksm_tile_merged(tile);
	ksm_forget_pages(tile, v->gone);
	ksm_tile_unsettle(tile, v->changed);
	for (; unmapped; unmapped &= unmapped - 1)
		ksm_mapping_end(tile, __ffs64(unmapped));
	if (v->present & ~tile->present)
		ksm_tile_track(tile, v->present);
	budget->drain |= v->sweep->drain;
}

/* Is nothing of the tile behind what has been visited? */
static bool is_last(const struct ksm_visit *v)
{
	unsigned long end = v->tile->addr + KSM_TILE_SIZE;

	return v->next >= end || !(v->tile->present & ksm_tile_mask(v->tile, v->next, end));
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
unsigned long ksm_visit_read(struct ksm_visit *v, struct ksm_budget *budget)
{
	struct ksm_tile *tile = v->tile;
	u64 left = read_pages(v, budget);

	if (v->sweep->round > KSM_ROUND_PICK && !left && is_last(v))
		tile->deferred = false;
	return left ? ksm_tile_addr(v->tile, __ffs64(left)) : v->next;
}

static __always_inline void begin(struct ksm_visit *v, struct page **page,
				  struct ksm_sweep *sweep, struct ksm_tile *tile,
				  unsigned long addr, unsigned long end)
{
	*v = (struct ksm_visit) {
		.sweep = sweep,
		.page = page,
		.tile = tile,
		.addr = addr,
		.end = end,
		.next = addr,
	};
	ksm_change_begin(sweep->told, tile, &v->seen);
	v->look = ~(v->seen.told | v->seen.written);
}

/**
 * ksm_visit_begin - begin a visit
 * @v: visit
 * @page: room for a page of each place
 * @sweep: what it is a part of
 * @tile: tile
 * @addr: first address, in @tile
 * @end: end of the part of it that is to be visited
 *
 * Context: ksm_mutex held.
 * Return: false if the tile is not to be visited now.
 */
bool ksm_visit_begin(struct ksm_visit *v, struct page **page, struct ksm_sweep *sweep,
		     struct ksm_tile *tile, unsigned long addr, unsigned long end)
{
	begin(v, page, sweep, tile, addr, end);
	if (ksm_knobs.smart_scan) {
		v->again = tile->present & ~(v->look | ksm_tile_unstable(tile) |
					     ksm_tile_merged(tile));
		if (v->again && !ksm_schedule_heat(tile)) {
			v->leave = true;
			if (tile->skip && !tile->owner->apart) {
				ksm_stats.skipped += hweight64(tile->present);
				return false;
			}
		}
	}
	v->reread = ksm_schedule_reread(tile);
	v->seen.trusted &= ~v->reread;
	return true;
}

/**
 * ksm_visit_begin_deferred - begin a visit in a round for what was deferred
 * @v: visit
 * @page: room for a page of each place
 * @sweep: what it is a part of
 * @tile: tile
 * @addr: first address, in @tile
 * @end: end of the part of it that is to be visited
 *
 * What has been written meanwhile is left as it is, for the next pass.
 *
 * Context: ksm_mutex held.
 * Return: false if the tile is not to be visited in this round.
 */
bool ksm_visit_begin_deferred(struct ksm_visit *v, struct page **page,
			      struct ksm_sweep *sweep, struct ksm_tile *tile,
			      unsigned long addr, unsigned long end)
{
	begin(v, page, sweep, tile, addr, end);
	v->again = ~0ULL;
	v->leave = true;
	return tile->deferred &&
	       (sweep->round != KSM_ROUND_PAYING || ksm_tile_merged(tile));
}
