/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What all rooms share: the mutex, the knobs, the counters, and how ksmd is woken.
 */
#ifndef _MM_KSM_STATE_H
#define _MM_KSM_STATE_H

#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/types.h>

/**
 * struct ksm_stats - counters, written under ksm_mutex, read anywhere
 * @shared: KSM folios with a mapping
 * @sharing: further mappings of them
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
 * @bytes: memory taken for tiles, slots, samples, nodes and registrations
 */
struct ksm_stats {
	unsigned long shared;
	unsigned long sharing;
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
	atomic_long_t bytes;
};

/**
 * struct ksm_knobs - what the admin chose, written under ksm_mutex
 * @run: KSM_RUN_* bits
 * @pages_to_scan: pages to read in a batch
 * @sleep_millisecs: pause between batches
 * @max_page_sharing: mappings of one KSM folio at the most
 * @prune_millisecs: how often a chain is searched for stale nodes
 * @thp_split_threshold: pages of a huge page that must have a match before it is
 *			 split; 0: never
 * @merge_across_nodes: one index for all NUMA nodes
 * @use_zero_pages: map empty pages to the zero page
 * @smart_scan: count unchanged pages as skipped
 */
struct ksm_knobs {
	unsigned long run;
	unsigned int pages_to_scan;
	unsigned int sleep_millisecs;
	unsigned int max_page_sharing;
	unsigned int prune_millisecs;
	unsigned int thp_split_threshold;
	bool merge_across_nodes;
	bool use_zero_pages;
	bool smart_scan;
};

#define KSM_RUN_STOP		0
#define KSM_RUN_MERGE		1
#define KSM_RUN_UNMERGE		2
#define KSM_RUN_OFFLINE		4
#define KSM_RUN_OFFLINE_BIT	2

extern struct mutex ksm_mutex;
extern struct ksm_knobs ksm_knobs;
extern struct ksm_stats ksm_stats;

#define KSM_PAGES_TO_SCAN_DEFAULT	100

/* lock.c */
extern atomic_t ksm_waiting;

/* Is somebody waiting for ksm_mutex who must not wait long? */
static inline bool ksm_wanted(void)
{
	return atomic_read(&ksm_waiting);
}

bool ksm_trylock_soon(void);
void ksm_lock_soon(void);
void ksm_let_them_run(void);
void ksm_give_way(void);

/* ksmd.c */
void ksm_wake(void);
void ksm_kick(void);
int ksmd_start(void);
void ksmd_stop(void);

/* offline.c */
#ifdef CONFIG_MEMORY_HOTREMOVE
void ksm_wait_while_offlining(void);
void ksm_offline_init(void);
#else
static inline void ksm_wait_while_offlining(void)
{
}

static inline void ksm_offline_init(void)
{
}
#endif

#endif /* _MM_KSM_STATE_H */
