/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whether a page can have changed since the last visit.
 */
#ifndef _MM_KSM_CHANGE_H
#define _MM_KSM_CHANGE_H

#include <linux/mm_types.h>
#include <linux/mmu_notifier.h>
#include <linux/types.h>

struct ksm_tile;

/**
 * struct ksm_change - how changes are seen in an address space
 * @exact: a PTE that was cleaned, and is clean, says that its page was not written.  Else
 *	   PTEs are left as they are, and pages are looked into
 * @tiles: how many are visited under one page table lock
 * @visits: if not @exact: what it takes to look into a page, in visits
 * @unchanged: if not @exact: look into pages of a tile, by their places, and tell which
 *	       seem to be as they were at the last call.  @page has each by its place,
 *	       with a reference, which is dropped.  NULL: that cannot be told, and pages
 *	       are read at each visit.  ksm_mutex held, no page table lock, may sleep
 */
struct ksm_change {
	bool exact;
	unsigned int tiles;
	unsigned int visits;
	u64 (*unchanged)(struct ksm_tile *tile, u64 pages, struct page **page);
};

/*
 * Does the hardware set the dirty bit?  Where it does not, each cleaned PTE is a fault of
 * the writer: there, pages are not cleaned but read, at each visit.
 */
extern bool ksm_change_dirty_bit;

extern const struct ksm_change ksm_change_by_dirty_bit;
extern const struct ksm_change ksm_change_by_sample;
extern const struct ksm_change ksm_change_by_reading;

/* How changes are seen in the address space of a VMA, which is locked. */
static inline const struct ksm_change *ksm_change_of(struct vm_area_struct *vma)
{
	if (!ksm_change_dirty_bit)
		return &ksm_change_by_reading;
	return mm_has_live_notifiers(vma->vm_mm) ? &ksm_change_by_sample :
						   &ksm_change_by_dirty_bit;
}

void ksm_change_put(u64 pages, struct page **page);
void ksm_change_init(void);

/* Tiles that are visited under one page table lock at the most: a page table, usually. */
#define KSM_CHANGE_MAX_TILES	8

#endif /* _MM_KSM_CHANGE_H */
