/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What all rooms share: the mutex, the knobs, the counters, and how ksmd is woken.
 */
#ifndef _MM_KSM_STATE_H
#define _MM_KSM_STATE_H

#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/wait.h>

/**
 * struct ksm_stats - counters, written under ksm_mutex, read anywhere
 * @shared: KSM folios with a mapping
 * @sharing: further mappings of them
 * @alone: KSM folios that came by uniform faults and have one mapping: not in @shared
 * @uniform: nodes that came by uniform faults
 * @unshared: pages in unstable trees
 * @tracked: pages that ksmd keeps a bit for
 * @chains: contents with more than one KSM folio
 * @dups: KSM folios of those
 * @scanned: pages visited and not skipped
 * @skipped: pages known to be unchanged, while smart_scan is on
 * @full_scans: complete passes
 * @full_scan_msecs: wall time of the last one
 * @prune_miss_ratio: nodes that the last search of a chain found stale, percent
 * @unslotted: pages left out for want of memory
 * @starved: how often there was none, but for the limits of memory cgroups
 * @freed: page frames freed by merging, less those taken for copies
 * @pressure_runs: how often ksmd worked out of turn as memory ran short
 * @pressure_freed: page frames freed then
 * @bytes: memory taken for tiles, slots, hints, nodes, roots and registrations
 */
struct ksm_stats {
	unsigned long shared;
	unsigned long sharing;
	unsigned long alone;
	unsigned long uniform;
	unsigned long unshared;
	unsigned long tracked;
	unsigned long chains;
	unsigned long dups;
	unsigned long scanned;
	unsigned long skipped;
	unsigned long full_scans;
	unsigned long full_scan_msecs;
	unsigned long prune_miss_ratio;
	unsigned long unslotted;
	unsigned long starved;
	long freed;
	unsigned long pressure_runs;
	long pressure_freed;
	atomic_long_t bytes;
};

/**
 * struct ksm_knobs - what the admin chose
 * @run: KSM_RUN_STOP, KSM_RUN_MERGE or KSM_RUN_UNMERGE, written under ksm_mutex
 * @pages_to_scan: pages to read in a batch
 * @sleep_millisecs: pause between batches
 * @max_page_sharing: mappings of one KSM folio at the most
 * @prune_millisecs: how often a chain is searched for stale nodes
 * @thp_split_threshold: pages of a huge page that must have a match before it is
 *			 split; 0: never
 * @merge_across_nodes: one index for all NUMA nodes
 * @use_zero_pages: map empty pages to the zero page
 * @smart_scan: count unchanged pages as skipped
 * @domain_users: keep the processes of different users apart
 * @uniform_faults: all domains have uniform faults
 * @pressure_boost: work out of turn when memory runs short
 */
struct ksm_knobs {
	unsigned int run;
	unsigned int pages_to_scan;
	unsigned int sleep_millisecs;
	unsigned int max_page_sharing;
	unsigned int prune_millisecs;
	unsigned int thp_split_threshold;
	bool merge_across_nodes;
	bool use_zero_pages;
	bool smart_scan;
	bool domain_users;
	bool uniform_faults;
	bool pressure_boost;
};

#define KSM_RUN_STOP		0
#define KSM_RUN_MERGE		1
#define KSM_RUN_UNMERGE		2
#define KSM_RUN_OFFLINE		4	/* shown to readers of "run" */

extern struct mutex ksm_mutex;
extern struct ksm_knobs ksm_knobs;
extern struct ksm_stats ksm_stats;

#define KSM_PAGES_TO_SCAN_DEFAULT	100

/* How ksmd is woken: where it waits, and what it looks at then. */
extern wait_queue_head_t ksmd_wait;
extern bool ksmd_woken;		/* it is to reckon anew how long it may sleep */
extern unsigned int ksmd_kicks;	/* another value ends the pause between batches */

struct ksm_mm;

/*
 * For now, what is read for the first time is merged, and a huge page is split for one
 * match: all of them, or those of one process; guarded by ksm_mutex.
 */
extern bool ksm_eager;
extern const struct ksm_mm *ksm_eager_for;

/* How hard to try for a small object, for now; guarded by ksm_mutex. */
#define KSM_GFP			(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN)

extern gfp_t ksm_gfp;

/* The same where folios may be locked: without waiting for reclaim. */
static inline gfp_t ksm_gfp_nowait(void)
{
	return GFP_NOWAIT | __GFP_NOWARN | (ksm_gfp & __GFP_MEMALLOC);
}

void ksm_wake(void);
void ksm_kick(void);
unsigned long ksm_volatile_pages(void);

/* charge.c */
struct kmem_cache;

void *ksm_charge_alloc(struct ksm_mm *kmm, struct kmem_cache *cache, size_t size);
void ksm_charge_free(struct ksm_mm *kmm, struct kmem_cache *cache, size_t size,
		     void *object);

/* lock.c */
extern atomic_t ksm_lock_waiting;

/* Is somebody waiting for ksm_mutex who must not wait long? */
static inline bool ksm_lock_wanted(void)
{
	return atomic_read(&ksm_lock_waiting);
}

bool ksm_lock_try_soon(void);
void ksm_lock_soon(void);
void ksm_lock_let_them_run(void);
void ksm_lock_give_way(void);

#ifdef CONFIG_MEMORY_HOTREMOVE
bool ksm_lock_offlining(void);
void ksm_lock_begin_offlining(void);
void ksm_lock_end_offlining(void);
void ksm_lock_wait_offlining(void);
#else
static inline bool ksm_lock_offlining(void)
{
	return false;
}

static inline void ksm_lock_wait_offlining(void)
{
}
#endif

#endif /* _MM_KSM_STATE_H */
