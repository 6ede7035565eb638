/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whether a page can have changed since the last visit.
 */
#ifndef _MM_KSM_CHANGE_H
#define _MM_KSM_CHANGE_H

#include <linux/bitmap.h>
#include <linux/mm_types.h>
#include <linux/mmu_notifier.h>
#include <linux/pgtable.h>
#include <linux/types.h>

#include "tile.h"

struct ksm_budget;
struct ksm_told;

/* Pages that a PMD entry maps, in whole tiles. */
#define KSM_TABLE_PAGES		ALIGN(PTRS_PER_PTE, KSM_TILE_PAGES)

/**
 * struct ksm_seen - what is seen of the pages of a tile before their PTEs are
 * @told: pages of which the dirty bit of the PTE says whether they were written since it
 *	  was cleared: nobody else has
 * @written: pages that somebody else has written
 * @trusted: of @told: pages that have not changed since they were read if they are clean
 * @unread: pages that are to be read, even if they seem unchanged
 *
 * Pages that are neither told nor written are to be looked into.
 */
struct ksm_seen {
	u64 told;
	u64 written;
	u64 trusted;
	u64 unread;
};

/**
 * struct ksm_change - how changes are seen in an address space
 * @told: pages of which it is told whether they change: all, or none
 * @ask: find out, for all that a PMD entry maps, what is seen of the pages; NULL if that
 *	 is always @told.  ksm_mutex held, VMA locked, may sleep
 * @unchanged: look into pages of a tile, by their places, and say which seem to be as
 *	       they were at the last call.  @page has each by its place, with a
 *	       reference.  NULL: that cannot be seen, and pages are read at each visit.
 *	       ksm_mutex held, no page table lock, may sleep
 */
struct ksm_change {
	u64 told;
	void (*ask)(struct ksm_told *told, struct ksm_mm *kmm, unsigned long start,
		    unsigned long end, struct ksm_budget *budget);
	u64 (*unchanged)(struct ksm_tile *tile, u64 pages, struct page **page);
};

/**
 * struct ksm_told - what is told of the pages that a PMD entry maps
 * @change: how changes are seen
 * @start: if @change asks: first address that the entry maps
 * @era: if @change asks: what was told with another number does not hold any more
 * @clean: if @change asks: pages that were not written but by way of the page table since
 *	   the last time it was asked, one bit each
 * @written: if @change asks: pages that were written in another way, one bit each; of
 *	     all others nothing is known
 */
struct ksm_told {
	const struct ksm_change *change;
	unsigned long start;
	unsigned long era;
	DECLARE_BITMAP(clean, KSM_TABLE_PAGES);
	DECLARE_BITMAP(written, KSM_TABLE_PAGES);
};

/*
 * Does the hardware set the dirty bit?  Where it does not, each cleaned PTE is a fault of
 * the writer: there, pages are not cleaned but read, at each visit.
 */
extern bool ksm_change_dirty_bit;

extern const struct ksm_change ksm_change_by_dirty_bit;

void ksm_change_ask_others(struct ksm_told *told, struct ksm_mm *kmm,
			   struct vm_area_struct *vma, unsigned long addr,
			   unsigned long end, bool huge, struct ksm_budget *budget);
void ksm_change_begin_others(const struct ksm_told *told, struct ksm_tile *tile,
			     struct ksm_seen *seen);

/* Is the dirty bit all there is to see? */
static inline bool ksm_change_dirty_bit_tells(struct mm_struct *mm)
{
	return ksm_change_dirty_bit && !mm_has_live_notifiers(mm);
}

/**
 * ksm_change_ask - find out what is told of the pages that a PMD entry maps
 * @told: set to that
 * @kmm: process
 * @vma: its VMA, locked
 * @addr: address in @vma
 * @end: where the PMD entry of @addr ends, or @vma
 * @huge: it maps a huge page, by the look of it
 * @budget: what may be done; less what is done
 *
 * Context: ksm_mutex held, may sleep.
 */
static inline void ksm_change_ask(struct ksm_told *told, struct ksm_mm *kmm,
				  struct vm_area_struct *vma, unsigned long addr,
				  unsigned long end, bool huge,
				  struct ksm_budget *budget)
{
	if (ksm_change_dirty_bit_tells(vma->vm_mm))
		told->change = &ksm_change_by_dirty_bit;
	else
		ksm_change_ask_others(told, kmm, vma, addr, end, huge, budget);
}

/* Is anything told of the pages that a PMD entry maps? */
static inline bool ksm_change_tells_any(const struct ksm_told *told)
{
	if (told->change->ask)
		return !bitmap_empty(told->clean, KSM_TABLE_PAGES);
	return told->change->told;
}

/**
 * ksm_change_begin - begin a visit to a tile
 * @told: by ksm_change_ask()
 * @tile: tile
 * @seen: set to what is seen of its pages
 *
 * What was seen in another way does not tell of changes since then.
 *
 * Context: ksm_mutex held, may sleep.
 */
static inline void ksm_change_begin(const struct ksm_told *told, struct ksm_tile *tile,
				    struct ksm_seen *seen)
{
	const struct ksm_change *change = told->change;

	if (change->ask || tile->hints) {
		ksm_change_begin_others(told, tile, seen);
		return;
	}
	seen->told = change->told;
	seen->trusted = change->told;
}

/* Remember in the hints of a tile that a page was read; was it told of? */
static inline void ksm_change_was_read(struct ksm_tile *tile, unsigned int i, bool told)
{
	if (told)
		tile->hints->trusted |= BIT_ULL(i);
	else
		tile->hints->sampled |= BIT_ULL(i);
}

/* These pages were visited, and those looked into: samples of the others are too old. */
static inline void ksm_change_visited(struct ksm_tile *tile, u64 visited, u64 looked)
{
	if (tile->hints)
		tile->hints->looked &= looked | ~visited;
}

u64 ksm_change_unchanged(const struct ksm_told *told, struct ksm_tile *tile, u64 pages,
			 struct page **page);
void ksm_change_init(void);

#endif /* _MM_KSM_CHANGE_H */
