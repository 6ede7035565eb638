// SPDX-License-Identifier: GPL-2.0
/*
 * Frames: page frames that are chosen at random, and given up late.
 *
 * Who can tell where in memory a page lies, or where it will lie, can aim at it from
 * outside: so a page that is merged where that matters goes to a frame that neither it
 * nor its equal had, and what they had is not to be had again soon.
 *
 * Source: Oliverio, Razavi, Bos, Giuffrida, "Secure Page Fusion with VUsion", SOSP 2017.
 */
#include <linux/gfp.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/numa.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "../internal.h"
#include "index.h"
#include "state.h"

/* Of each kind and NUMA node. */
#define KSM_FRAMES	1024

/*
 * Nothing is reclaimed for them.  They stay where they are for a long time, so they are not
 * to be where all has to be movable.
 */
#define KSM_FRAME_GFP \
	(__GFP_HIGHMEM | __GFP_THISNODE | __GFP_KSWAPD_RECLAIM | __GFP_NOMEMALLOC | \
	 __GFP_NOWARN)

/**
 * struct frames - page frames of a NUMA node
 * @fresh: free ones, to be chosen from
 * @retired: those that somebody had
 * @nr: of @fresh
 */
struct frames {
	struct folio *fresh[KSM_FRAMES];
	struct folio *retired[KSM_FRAMES];
	unsigned int nr;
};

/* By NUMA node, once one was asked for; guarded by ksm_mutex. */
static struct frames *frames[MAX_NUMNODES];

static void give_up(struct folio **folio)
{
	if (*folio)
		folio_put(*folio);
	*folio = NULL;
}

static struct folio *new_frame(int nid)
{
	struct folio *folio = __folio_alloc_node(KSM_FRAME_GFP, 0, nid);

	if (folio)
		atomic_long_add(PAGE_SIZE, &ksm_stats.bytes);
	return folio;
}

/* All that are to be chosen from have to be there.  Returns NULL as long as they are not. */
static struct frames *fill(int nid)
{
	struct frames *of = frames[nid];

	if (!of) {
		of = kvzalloc_node(sizeof(*of), GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, nid);
		if (!of)
			return NULL;
		atomic_long_add(sizeof(*of), &ksm_stats.bytes);
		frames[nid] = of;
	}
	while (of->nr < KSM_FRAMES) {
		of->fresh[of->nr] = new_frame(nid);
		if (!of->fresh[of->nr])
			return NULL;
		of->nr++;
	}
	return of;
}

/**
 * ksm_frame_get - get a page frame that nobody can foretell
 * @nid: NUMA node that it is to be of
 *
 * Context: ksm_mutex held, may sleep.
 * Return: a folio with a reference, not charged to anybody; NULL if there is no memory.
 */
struct folio *ksm_frame_get(int nid)
{
	struct frames *of = fill(nid);
	unsigned int i = get_random_u32_below(KSM_FRAMES);
	struct folio *next = of ? new_frame(nid) : NULL;

	if (!next)
		return NULL;
	swap(of->fresh[i], next);
	atomic_long_sub(PAGE_SIZE, &ksm_stats.bytes);
	/* Nobody looks after memory that goes bad while it lies there. */
	if (PageHWPoison(&next->page))
		give_up(&next);
	return next;
}

/*
 * Nobody is to pay for a folio that is given up, and nobody to reclaim it.  Returns false if
 * somebody else still has to do with it.
 */
static bool take_off(struct folio *folio)
{
	if (folio_mapped(folio) || folio_test_swapcache(folio) || folio_test_mlocked(folio))
		return false;
	if (folio_test_lru(folio)) {
		if (!folio_isolate_lru(folio))
			return false;
		folio_clear_active(folio);
		folio_clear_unevictable(folio);
		folio_put(folio);
	} else if (folio_ref_count(folio) > 1) {
		/* On its way there, most likely; a copy that was not used is nobody's else. */
		return false;
	}
	mem_cgroup_uncharge(folio);
	return true;
}

/**
 * ksm_frame_retire - give up a reference to a folio, after a while that nobody can foretell
 * @folio: folio that nobody maps any more
 *
 * Context: ksm_mutex held; takes the lock of the LRU lists.
 */
void ksm_frame_retire(struct folio *folio)
{
	struct frames *of = frames[folio_nid(folio)];
	unsigned int i = get_random_u32_below(KSM_FRAMES);

	if (of && take_off(folio))
		swap(of->retired[i], folio);
	if (folio)
		folio_put(folio);
}

/**
 * ksm_frame_drain - give up all page frames
 *
 * Context: ksm_mutex held, may sleep.
 */
void ksm_frame_drain(void)
{
	unsigned int i;
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		struct frames *of = frames[nid];

		if (!of)
			continue;
		frames[nid] = NULL;
		for (i = 0; i < KSM_FRAMES; i++) {
			give_up(&of->fresh[i]);
			give_up(&of->retired[i]);
			cond_resched();
		}
		atomic_long_sub(sizeof(*of) + of->nr * PAGE_SIZE, &ksm_stats.bytes);
		kvfree(of);
	}
}
