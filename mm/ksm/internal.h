/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rooms of mm/ksm/, and the lock order.  A room uses those of its own floor and of
 * the floors below, never one above: the Makefile tells which is on which floor, and
 * Documentation/mm/ksm/design.rst what each is for.
 *
 * Lock order, outermost first:
 *
 *   mf_mutex			memory failure: to replace a KSM folio that went bad
 *   writer_mutex (run.c)	writers of knobs that set everything going anew
 *   ksm_mutex			tiles, slots, trees, cursor, counters and knobs
 *     ksm_mm::inside		who is in a process for KSM; only ever tried, but
 *				by the process's exit
 *       mmap_lock or VMA lock	ksmd only ever tries it; run=2 waits for mmap_lock
 *         folio lock		a KSM folio's lock guards the lists of its mappings
 *				and anchors; the second folio of a merge, and
 *				both of a memory failure, are only tried
 *           anon_vma lock	rmap walks
 *             page table lock
 *   ksm_mms_lock (registry.c)	registration list, a leaf
 *
 * madvise(), prctl(), fork, exec and exit never take ksm_mutex, memory failure gives up
 * on it soon (lock.c), and reclaim only ever tries it (shrink.c).  An exit waits until
 * ksmd has left the process, a change of VMAs until ksmd has left the VMA.  Whatever
 * they change in the page tables, ksmd finds out at its next visit.
 *
 * The rooms of the ground floor know of no page table, and take no lock but where a
 * function says so: ksm_mutex guards what they keep.
 */
#ifndef _MM_KSM_INTERNAL_H
#define _MM_KSM_INTERNAL_H

#include <linux/ksm.h>

#include "advisor.h"
#include "budget.h"
#include "change.h"
#include "fingerprint.h"
#include "index.h"
#include "node.h"
#include "pressure.h"
#include "pte.h"
#include "state.h"
#include "tile.h"

/* merge.c */
void ksm_merge_page(struct ksm_item *item, u64 fingerprint);
void ksm_merge_adopt(struct ksm_item *item);

/* apart.c */
void ksm_apart_set(struct ksm_mm *kmm);
bool ksm_apart_still(struct ksm_stable *stable);
int ksm_apart_follow(struct ksm_mm *kmm, struct ksm_budget *budget);
bool ksm_apart_over(struct ksm_mm *kmm);
unsigned long ksm_apart_pending(void);

/* uniform.c */
void ksm_uniform_merge(struct ksm_item *item, struct ksm_index *index, u64 key);

/* thp.c */
bool ksm_thp_split_pays(const struct ksm_item *item, u64 key);
int ksm_thp_split(struct page *page);
void ksm_thp_split_done(const struct ksm_item *item);

/* room.c */

/**
 * struct ksm_room - what is known about the room for copies
 * @copies: copies that there is room for
 * @made: copies that there was room for so far; ULONG_MAX if there may be any number
 */
struct ksm_room {
	unsigned int copies;
	unsigned long made;
};

int ksm_room_make(struct ksm_room *room, struct vm_area_struct *vma,
		  unsigned long addr);

/* unmerge.c */

/**
 * struct ksm_unmerge_part - what may still be done at a time
 * @copies: pages to copy
 * @tables: page tables to look at, once for each copy and once for each table
 */
struct ksm_unmerge_part {
	unsigned int copies;
	unsigned long tables;
};

int ksm_unmerge_pages(struct vm_area_struct *vma, unsigned long *addr,
		      unsigned long end, struct ksm_unmerge_part *part);
int ksm_unmerge_range(struct vm_area_struct *vma, unsigned long start,
		      unsigned long end);

/* sweep.c */
unsigned long ksm_sweep_pmd(struct ksm_mm *kmm, const struct ksm_vmas *vmas,
			    unsigned long addr, struct ksm_budget *budget);

/* scan.c */

/* How a batch ended. */
enum ksm_scan_end {
	KSM_SCAN_BATCH,		/* all is done that may be done at a time */
	KSM_SCAN_PASS,		/* with the pass */
	KSM_SCAN_DISTURBED,	/* early, because somebody else was in the way */
};

extern unsigned long ksm_scan_as_they_come;

struct ksm_budget ksm_scan_budget(void);
enum ksm_scan_end ksm_scan_batch(struct ksm_budget *budget);
int ksm_scan_now(struct ksm_mm *kmm, struct ksm_scan_turn *turn,
		 struct ksm_budget *budget);
void ksm_scan_fresh(struct ksm_budget *budget);
void ksm_scan_restart(void);

/* reap.c */
bool ksm_reap_dead(void);
bool ksm_reap_watched(struct ksm_budget *budget);
unsigned long ksm_reap_held(unsigned long number);

/* shrink.c */
int ksm_shrink_init(void);

/* merge_now.c */
unsigned long ksm_merge_now_due(void);
void ksm_merge_now_batch(void);

/* ksmd.c */
int ksmd_start(void);
void ksmd_stop(void);

/* offline.c */
#ifdef CONFIG_MEMORY_HOTREMOVE
void ksm_offline_init(void);
#else
static inline void ksm_offline_init(void)
{
}
#endif

/* unmerge_all.c */
int ksm_unmerge_all(void);
bool ksm_unmerge_all_goes_on(void);
void ksm_unmerge_all_forget(void);

/* run.c */
int ksm_run_set(unsigned int run);
int ksm_run_lock_unmerged(void);
void ksm_run_unlock_unmerged(void);

/* sysfs.c */
#ifdef CONFIG_SYSFS
int ksm_sysfs_init(void);
#else
static inline int ksm_sysfs_init(void)
{
	return 0;
}
#endif

/* stats.c */
unsigned long ksm_stats_bytes(void);
long ksm_stats_profit(void);
unsigned long ksm_stats_offered(void);

#endif /* _MM_KSM_INTERNAL_H */
