// SPDX-License-Identifier: GPL-2.0
/*
 * Fresh: what has been offered of late is visited before its turn in the pass comes.
 *
 * A pass over a large host takes minutes, and a new virtual machine in it needs several
 * of them until its pages are merged.  So while passes take long, half of each batch is for
 * walks through what is fresh.  They come ever more rarely, and no more once passes would
 * come as soon.
 *
 * Only for who asks by madvise() or prctl(): what a fork or an exec leaves is not to last,
 * most likely.
 */
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "budget.h"
#include "fresh.h"
#include "registry.h"

/* Passes that take no longer are soon enough. */
#define FRESH_MSECS	1000

/* How many are looked at, at a time, to find one that is due. */
#define FRESH_LOOKS	16

/* Guards ksm_mm::fresh, too; @due, @pause and @turn of each are ksmd's. */
static DEFINE_SPINLOCK(fresh_lock);
static LIST_HEAD(fresh_list);

static struct ksm_fresh *new_fresh(struct ksm_mm *kmm)
{
	struct ksm_fresh *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT | __GFP_NORETRY |
					  __GFP_NOWARN);

	if (fresh) {
		fresh->kmm = kmm;
		fresh->due = jiffies;
		fresh->start = ULONG_MAX;
	}
	return fresh;
}

/**
 * ksm_fresh_add - have a range be visited soon
 * @mm: process
 * @start: first address
 * @end: end of the range
 *
 * Costs a look at some counters while passes are short, or ksmd is stopped.
 *
 * Context: mmap_lock of @mm held for writing, may sleep.
 */
void ksm_fresh_add(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct ksm_fresh *new;
	struct ksm_mm *kmm;

	if (!(READ_ONCE(ksm_knobs.run) & KSM_RUN_MERGE) || ksm_pace_pass_msecs() < FRESH_MSECS)
		return;
	/* From now on it is freed by ksmd, and what is fresh with it. */
	kmm = ksm_mm_visit(mm);
	if (!kmm)
		return;
	new = READ_ONCE(kmm->fresh) ? NULL : new_fresh(kmm);

	spin_lock(&fresh_lock);
	if (!kmm->fresh && new) {
		list_add(&new->link, &fresh_list);
		WRITE_ONCE(kmm->fresh, new);
		new = NULL;
	}
	if (kmm->fresh) {
		kmm->fresh->start = min(kmm->fresh->start, start);
		kmm->fresh->end = max(kmm->fresh->end, end);
		kmm->fresh->more = true;
	}
	spin_unlock(&fresh_lock);
	kfree(new);
}

/**
 * ksm_fresh_next - find a process that is to be visited now
 *
 * Context: ksm_mutex held by ksmd.
 * Return: what is fresh of it, or NULL; it is the last in the list from then on.
 */
struct ksm_fresh *ksm_fresh_next(void)
{
	struct ksm_fresh *fresh, *found = NULL;
	int looks = FRESH_LOOKS;

	if (list_empty(&fresh_list))
		return NULL;
	spin_lock(&fresh_lock);
	while (!found && looks-- && !list_empty(&fresh_list)) {
		fresh = list_first_entry(&fresh_list, struct ksm_fresh, link);
		list_move_tail(&fresh->link, &fresh_list);
		if (fresh->more || time_after_eq(jiffies, fresh->due))
			found = fresh;
	}
	if (found && found->more) {
		found->more = false;
		found->pause = FRESH_MSECS;
		found->turn = (struct ksm_scan_turn){ .addr = found->start };
	}
	spin_unlock(&fresh_lock);
	return found;
}

/**
 * ksm_fresh_end - no part of a process is fresh any more
 * @kmm: process
 *
 * Context: ksm_mutex held.
 */
void ksm_fresh_end(struct ksm_mm *kmm)
{
	struct ksm_fresh *fresh;

	spin_lock(&fresh_lock);
	fresh = kmm->fresh;
	if (fresh)
		list_del(&fresh->link);
	WRITE_ONCE(kmm->fresh, NULL);
	spin_unlock(&fresh_lock);
	kfree(fresh);
}

/**
 * ksm_fresh_pause - a walk through what is fresh is over
 * @fresh: by ksm_fresh_next()
 *
 * Context: ksm_mutex held by ksmd.
 * Return: false if it was the last.
 */
bool ksm_fresh_pause(struct ksm_fresh *fresh)
{
	if (fresh->pause > ksm_pace_pass_msecs())
		return false;
	fresh->due = jiffies + msecs_to_jiffies(fresh->pause);
	fresh->pause *= 2;
	fresh->turn = (struct ksm_scan_turn){ .addr = fresh->start };
	return true;
}
