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
#include <linux/mm.h>
#include <linux/numa.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "index.h"
#include "state.h"

/* Of each kind and NUMA node. */
#define KSM_FRAMES	1024

#define KSM_FRAME_GFP	(GFP_HIGHUSER_MOVABLE | __GFP_THISNODE | __GFP_NORETRY | __GFP_NOWARN)

/**
 * struct frames - page frames of a NUMA node
 * @fresh: free ones, to be chosen from
 * @retired: those that somebody had, each with a reference
 */
struct frames {
	struct folio *fresh[KSM_FRAMES];
	struct folio *retired[KSM_FRAMES];
};

/* By NUMA node, once one was asked for; guarded by ksm_mutex. */
static struct frames *frames[MAX_NUMNODES];

static long bytes_of(const struct frames *of)
{
	return sizeof(*of) + KSM_FRAMES * PAGE_SIZE;
}

static void give_up(struct folio **folio)
{
	if (*folio)
		folio_put(*folio);
	*folio = NULL;
}

static void free_frames(struct frames *of)
{
	unsigned int i;

	for (i = 0; i < KSM_FRAMES; i++) {
		give_up(&of->fresh[i]);
		give_up(&of->retired[i]);
		cond_resched();
	}
	kvfree(of);
}

static struct frames *make_frames(int nid)
{
	struct frames *of = kvzalloc_node(sizeof(*of), GFP_KERNEL | __GFP_NOWARN, nid);
	unsigned int i;

	if (!of)
		return NULL;
	for (i = 0; i < KSM_FRAMES; i++) {
		of->fresh[i] = __folio_alloc_node(KSM_FRAME_GFP, 0, nid);
		if (!of->fresh[i]) {
			free_frames(of);
			return NULL;
		}
		cond_resched();
	}
	atomic_long_add(bytes_of(of), &ksm_stats.bytes);
	frames[nid] = of;
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
	struct frames *of = frames[nid] ?: make_frames(nid);
	struct folio *next = of ? __folio_alloc_node(KSM_FRAME_GFP, 0, nid) : NULL;

	unsigned int i = get_random_u32_below(KSM_FRAMES);

	if (next)
		swap(of->fresh[i], next);
	return next;
}

/**
 * ksm_frame_retire - give up a reference to a folio, after a while that nobody can foretell
 * @folio: folio
 *
 * Context: ksm_mutex held.
 */
void ksm_frame_retire(struct folio *folio)
{
	struct frames *of = frames[folio_nid(folio)];
	unsigned int i = get_random_u32_below(KSM_FRAMES);

	if (of)
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
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		if (!frames[nid])
			continue;
		atomic_long_sub(bytes_of(frames[nid]), &ksm_stats.bytes);
		free_frames(frames[nid]);
		frames[nid] = NULL;
	}
}
