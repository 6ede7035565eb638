// SPDX-License-Identifier: GPL-2.0
/*
 * Forgetting: pages, address ranges and processes that are not kept track of any more.
 */
#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "node.h"

/**
 * ksm_forget_pages - stop keeping track of pages
 * @tile: tile
 * @pages: their places, one bit each
 *
 * For want of memory, a mapping of a KSM folio may have to stay.
 *
 * Context: ksm_mutex held, may sleep for the lock of a KSM folio.
 */
void ksm_forget_pages(struct ksm_tile *tile, u64 pages)
{
	u64 merged;

	pages &= tile->present;
	if (!pages)
		return;
	ksm_tile_unsettle(tile, pages);
	for (merged = ksm_tile_merged(tile) & pages; merged; merged &= merged - 1)
		if (!ksm_mapping_end(tile, __ffs64(merged)))
			pages &= ~BIT_ULL(__ffs64(merged));
	ksm_tile_untrack(tile, pages);
}

/**
 * ksm_forget_trim - give back slots, or a tile that keeps track of nothing
 * @tile: tile
 *
 * Context: ksm_mutex held, no folio lock, may sleep.
 * Return: true if it was freed.
 */
bool ksm_forget_trim(struct ksm_tile *tile)
{
	ksm_block_trim(tile);
	if (tile->present)
		return false;
	ksm_tile_free(tile);
	return true;
}

/* What it takes to forget these pages of a tile, in visits. */
static unsigned long cost_of(const struct ksm_tile *tile, u64 pages)
{
	return 1 + hweight64(ksm_tile_unstable(tile) & pages) +
	       KSM_VISITS_PER_UNMAP * hweight64(ksm_tile_merged(tile) & pages);
}

/**
 * ksm_forget_range - stop keeping track of an address range
 * @kmm: process
 * @start: first address
 * @end: end of the range
 * @keep: a tile that is to be left alone, or NULL
 * @budget: what may be done, less what is done; or NULL for a range within a tile
 *
 * Context: ksm_mutex held, may sleep for the lock of a KSM folio.
 * Return: @end, or how far it has come with the budget, or when somebody waited.
 */
unsigned long ksm_forget_range(struct ksm_mm *kmm, unsigned long start,
			       unsigned long end, struct ksm_tile *keep,
			       struct ksm_budget *budget)
{
	struct ksm_tile *tile, *next;

	for (tile = ksm_tile_from(kmm, start); tile && tile->addr < end; tile = next) {
		u64 pages = ksm_tile_mask(tile, start, end);

		next = ksm_tile_next(tile);
		if (tile == keep)
			continue;
		if (budget && (!ksm_budget_left(budget) || ksm_mm_hurried(kmm)))
			return max(start, tile->addr);
		/* The first and the last may have none of theirs in the range. */
		if (tile->present && !(tile->present & pages)) {
			if (budget)
				ksm_budget_spend(budget, 1);
			continue;
		}
		if (budget)
			ksm_budget_spend(budget, cost_of(tile, pages));
		ksm_forget_pages(tile, pages);
		ksm_forget_trim(tile);
		cond_resched();
	}
	return end;
}

/**
 * ksm_forget_others - stop keeping track of what else was at the addresses of a tile
 * @tile: tile, which is left alone
 * @start: first address, in @tile
 * @end: end of the range, in @tile
 *
 * Another VMA may have been there, at other indexes.
 *
 * Context: ksm_mutex held, may sleep for the lock of a KSM folio.
 */
void ksm_forget_others(struct ksm_tile *tile, unsigned long start, unsigned long end)
{
	struct ksm_tile *next = ksm_tile_next(tile), *prev;

	prev = rb_entry_safe(rb_prev(&tile->node), struct ksm_tile, node);
	if ((next && next->addr == tile->addr) || (prev && prev->addr == tile->addr))
		ksm_forget_range(tile->owner, start, end, tile, NULL);
}

/**
 * ksm_forget_mm - stop keeping track of a process
 * @kmm: process
 * @budget: what may be done, less what is done; NULL for all
 *
 * Context: ksm_mutex held, may sleep for the lock of a KSM folio.
 * Return: true if nothing is left; false if the budget is used up, or if there is no
 *	   memory for what has to be kept.
 */
bool ksm_forget_mm(struct ksm_mm *kmm, struct ksm_budget *budget)
{
	struct ksm_tile *tile;

	while ((tile = ksm_tile_first(kmm))) {
		if (budget) {
			if (!ksm_budget_left(budget))
				return false;
			ksm_budget_spend(budget, cost_of(tile, ~0ULL));
		}
		ksm_forget_pages(tile, ~0ULL);
		if (!ksm_forget_trim(tile))
			return false;
		cond_resched();
	}
	return true;
}
