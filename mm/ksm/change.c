// SPDX-License-Identifier: GPL-2.0
/*
 * Whether a page can have changed since the last visit.
 *
 * Where all writes go through the page tables, the dirty bit tells: a visit that finds
 * it set moves it to the folio and cleans the PTE, so that the next visit can tell
 * whether the page was written in between.  Where there are secondary MMUs, those are
 * asked as well, a page table at a time; of the pages that they cannot tell about, a
 * few words are read instead.  And where the hardware sets no dirty bit, all is read.
 *
 * All are hints.  A write that escapes them costs a merge that fails or is found late,
 * never a wrong one; pages are read again in full now and then, so that it is found.
 */
#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/pgtable.h>

#include "change.h"
#include "internal.h"

bool ksm_change_dirty_bit __read_mostly;

static u64 sample(struct ksm_tile *tile, u64 pages, struct page **page)
{
	struct ksm_hints *hints;
	u64 same, left;

	/* All are to be read then, see ksm_change_begin_others(). */
	if (!ksm_tile_hints_alloc(tile))
		return pages;
	hints = tile->hints;
	/* There is nothing to compare those with that were not looked into then. */
	same = pages & ~hints->looked;
	for (left = pages; left; left &= left - 1) {
		unsigned int i = __ffs64(left);
		u32 now = ksm_fingerprint_sample(page[i], ksm_tile_addr(tile, i));

		if (hints->sample[i] == now)
			same |= BIT_ULL(i);
		else
			hints->sample[i] = now;
	}
	hints->looked |= pages;
	/* What was read of the others does not hold any more. */
	hints->sampled &= ~pages | same;
	return same;
}

/* What a bitmap of struct ksm_told has for the pages of a tile. */
static u64 bits_of(const struct ksm_told *told, const struct ksm_tile *tile,
		   const unsigned long *bitmap)
{
	unsigned long first = (tile->addr - told->start) >> PAGE_SHIFT;
	u64 pages;

	bitmap_to_arr64(&pages, bitmap + first / BITS_PER_LONG, KSM_TILE_PAGES);
	return pages;
}

/* What is told now of these pages of a tile, and what was before. */
static void heed(struct ksm_hints *hints, u64 pages, u64 clean, u64 written)
{
	hints->trusted &= clean | ~pages;
	/* That they are clean now does not say since when. */
	hints->sampled &= ~(clean | written);
}

/*
 * Ask the subscribers of MMU notifiers.  One flush of their TLBs will do for all that they
 * are asked about in a pass: it is due when they are asked about the same again.
 */
static void ask_notifiers(struct ksm_told *told, struct ksm_mm *kmm, unsigned long start,
			  unsigned long end, struct ksm_budget *budget)
{
	struct mmu_notifier_dirty dirty = {
		.start = start,
		.end = end,
		.clean = told->clean,
		.written = told->written,
	};
	unsigned int first = (start - told->start) >> PAGE_SHIFT;
	unsigned int pages = (end - start) >> PAGE_SHIFT;
	struct mm_struct *mm = kmm->slot.mm;
	struct ksm_tile *tile;

	ksm_budget_spend(budget, KSM_VISITS_PER_QUESTION);
	if (start < kmm->unflushed_end && end > kmm->unflushed_start) {
		mmu_notifier_flush_dirty(mm);
		kmm->unflushed_end = 0;
		ksm_budget_spend(budget, KSM_VISITS_PER_FLUSH);
	}
	bitmap_zero(told->clean, KSM_TABLE_PAGES);
	bitmap_zero(told->written, KSM_TABLE_PAGES);
	mmu_notifier_test_clear_dirty(mm, &dirty);
	if (dirty.unflushed) {
		if (!kmm->unflushed_end || start < kmm->unflushed_start)
			kmm->unflushed_start = start;
		kmm->unflushed_end = max(kmm->unflushed_end, end);
	}
	told->era = dirty.era;
	/* Those behind the end are not told about, whatever was filled. */
	bitmap_clear(told->clean, pages, KSM_TABLE_PAGES - pages);
	bitmap_shift_left(told->clean, told->clean, first, KSM_TABLE_PAGES);
	bitmap_shift_left(told->written, told->written, first, KSM_TABLE_PAGES);

	/*
	 * Of all of them at once: who has asked and does not visit a page now is not told
	 * the same again.
	 */
	for (tile = ksm_tile_from(kmm, start); tile && tile->addr < end;
	     tile = ksm_tile_next(tile))
		if (tile->hints)
			heed(tile->hints, ksm_tile_mask(tile, start, end),
			     bits_of(told, tile, told->clean),
			     bits_of(told, tile, told->written));
}

const struct ksm_change ksm_change_by_dirty_bit = {
	.told = ~0ULL,
};

static const struct ksm_change by_notifiers = {
	.ask = ask_notifiers,
	.unchanged = sample,
};

static const struct ksm_change by_reading = {};

/**
 * ksm_change_ask_others - the part of ksm_change_ask() that is not for all
 * @told: set to what is told
 * @kmm: process
 * @vma: its VMA, locked
 * @addr: address in @vma
 * @end: where the PMD entry of @addr ends, or @vma
 * @huge: it maps a huge page, by the look of it
 * @budget: what may be done; less what is done
 *
 * Context: ksm_mutex held, may sleep.
 */
void ksm_change_ask_others(struct ksm_told *told, struct ksm_mm *kmm,
			   struct vm_area_struct *vma, unsigned long addr,
			   unsigned long end, bool huge, struct ksm_budget *budget)
{
	told->change = ksm_change_dirty_bit ? &by_notifiers : &by_reading;
	told->start = addr & PMD_MASK;
	if (!told->change->ask)
		return;
	/* A huge page is asked about as a whole: it may have one dirty bit for all. */
	addr = huge ? told->start : ALIGN_DOWN(addr, KSM_TILE_SIZE);
	told->change->ask(told, kmm, max(addr, vma->vm_start), end, budget);
}

/**
 * ksm_change_begin_others - the part of ksm_change_begin() that is not for all
 * @told: by ksm_change_ask()
 * @tile: tile
 * @seen: set to what is seen of its pages
 *
 * Context: ksm_mutex held, may sleep.
 */
void ksm_change_begin_others(const struct ksm_told *told, struct ksm_tile *tile,
			     struct ksm_seen *seen)
{
	struct ksm_hints *hints;

	if (!told->change->ask) {
		ksm_tile_unsettle(tile, tile->present);
		ksm_tile_hints_free(tile);
		seen->told = told->change->told;
		seen->trusted = told->change->told;
		return;
	}
	seen->told = bits_of(told, tile, told->clean);
	seen->written = bits_of(told, tile, told->written);
	if (!ksm_tile_hints_alloc(tile)) {
		seen->unread = ~seen->written;
		return;
	}
	hints = tile->hints;
	if (hints->era != told->era) {
		hints->era = told->era;
		hints->trusted = 0;
		hints->sampled = 0;
	}
	seen->trusted = hints->trusted & seen->told;
	seen->unread = ~(seen->told | seen->written | hints->sampled);
}

/**
 * ksm_change_unchanged - look into pages of which it is not told whether they change
 * @told: by ksm_change_ask()
 * @tile: tile
 * @pages: their places, one bit each
 * @page: each by its place, with a reference, which is dropped
 *
 * Context: ksm_mutex held, no page table lock, may sleep.
 * Return: those that seem to be as they were at the last visit, or may be.
 */
u64 ksm_change_unchanged(const struct ksm_told *told, struct ksm_tile *tile, u64 pages,
			 struct page **page)
{
	u64 same = pages;

	if (told->change->unchanged)
		same = told->change->unchanged(tile, pages, page);
	for (; pages; pages &= pages - 1)
		put_page(page[__ffs64(pages)]);
	return same;
}

/**
 * ksm_change_init - find out what the hardware does
 */
void __init ksm_change_init(void)
{
#if defined(CONFIG_X86) || defined(CONFIG_UML)
	ksm_change_dirty_bit = true;
#elif defined(CONFIG_ARM64_HW_AFDBM)
	ksm_change_dirty_bit = cpus_have_final_cap(ARM64_HW_DBM);
#elif defined(CONFIG_RISCV)
	/* One extension stands for both bits. */
	ksm_change_dirty_bit = arch_has_hw_pte_young();
#endif
}
