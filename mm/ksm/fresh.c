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
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/swap.h>

#include "internal.h"

/* Passes that take no longer are soon enough. */
#define FRESH_MSECS	1000

/* How many are looked at, at a time, to find one that is due. */
#define FRESH_LOOKS	16

/**
 * struct ksm_fresh - what a process has offered of late
 * @link: in the list of them
 * @mm: process; its mm_struct is held
 * @due: jiffies: when the walk through it goes on
 * @pause: before the next walk, in milliseconds
 * @start: address where walks begin
 * @end: and where they end
 * @more: more was offered since
 * @turn: how far the walk has come
 */
struct ksm_fresh {
	struct list_head link;
	struct mm_struct *mm;
	unsigned long due;
	unsigned int pause;
	unsigned long start;
	unsigned long end;
	bool more;
	struct ksm_scan_turn turn;
};

/* Guards ksm_mm::fresh, too; @due, @pause and @turn of each are ksmd's. */
static DEFINE_SPINLOCK(fresh_lock);
static LIST_HEAD(fresh_list);

/* ksmd's: the last batch was of one page, and for a fresh one. */
static bool had_page;

/* ksmd's: pages wait in per-CPU lists. */
static bool drain;

static struct ksm_fresh *new_fresh(struct mm_struct *mm)
{
	struct ksm_fresh *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT | __GFP_NORETRY |
					  __GFP_NOWARN);

	if (fresh) {
		mmgrab(mm);
		fresh->mm = mm;
		fresh->due = jiffies;
		fresh->start = ULONG_MAX;
	}
	return fresh;
}

static void free_fresh(struct ksm_fresh *fresh)
{
	mmdrop(fresh->mm);
	kfree(fresh);
}

/**
 * ksm_fresh_add - have a range be visited soon
 * @mm: process
 * @start: first address
 * @end: end of the range
 *
 * Costs a look at two variables while passes are short.
 *
 * Context: mmap_lock of @mm held for writing, may sleep.
 */
void ksm_fresh_add(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct ksm_fresh *new;
	struct ksm_mm *kmm;

	if (ksm_pace_pass_msecs() < FRESH_MSECS)
		return;
	kmm = ksm_mm_registered(mm);
	new = kmm && !READ_ONCE(kmm->fresh) ? new_fresh(mm) : NULL;
	if (!kmm)
		return;

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
	if (new)
		free_fresh(new);
}

/* One that is due, or NULL; then the last in the list. */
static struct ksm_fresh *next_fresh(void)
{
	struct ksm_fresh *fresh, *found = NULL;
	int looks = FRESH_LOOKS;

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

/* @kmm is NULL if it has exited. */
static void drop(struct ksm_fresh *fresh, struct ksm_mm *kmm)
{
	spin_lock(&fresh_lock);
	list_del(&fresh->link);
	/* It may have been registered anew. */
	if (kmm && kmm->fresh == fresh)
		WRITE_ONCE(kmm->fresh, NULL);
	spin_unlock(&fresh_lock);
	free_fresh(fresh);
}

/* A walk is over.  Returns false if it was the last. */
static bool pause(struct ksm_fresh *fresh)
{
	if (fresh->pause > ksm_pace_pass_msecs())
		return false;
	fresh->due = jiffies + msecs_to_jiffies(fresh->pause);
	fresh->pause *= 2;
	fresh->turn = (struct ksm_scan_turn){ .addr = fresh->start };
	return true;
}

/* Of a batch, half; where that is one page, every other time. */
static bool take_half(struct ksm_budget *budget, struct ksm_budget *part)
{
	*part = *budget;
	part->reads = DIV_ROUND_UP(budget->reads, 2);
	part->visits = DIV_ROUND_UP(budget->visits, 2);
	had_page = budget->reads == 1 && !had_page;
	return budget->reads > 1 || had_page;
}

/* Visit a part of something fresh.  Returns false once it is fresh no more. */
static bool visit(struct ksm_fresh *fresh, struct ksm_mm *kmm, struct ksm_budget *budget)
{
	int more;

	if (drain && !fresh->turn.begun) {
		/* The references of per-CPU lists would keep pages from being merged. */
		lru_add_drain_all();
		drain = false;
	}
	more = ksm_scan_now(kmm, &fresh->turn, budget);
	drain |= budget->drain;
	ksm_pace_found(budget->found);
	if (more > 0 && fresh->turn.addr < READ_ONCE(fresh->end))
		return true;
	return more >= 0 && pause(fresh);
}

/**
 * ksm_fresh_visit - visit a part of something fresh, if there is
 * @budget: what may be done in a batch; less what is done, half at the most
 *
 * Context: ksm_mutex held by ksmd, may sleep.
 */
void ksm_fresh_visit(struct ksm_budget *budget)
{
	struct ksm_budget part, left;
	struct ksm_fresh *fresh;
	struct ksm_mm *kmm;

	if (list_empty(&fresh_list) || !take_half(budget, &part))
		return;
	fresh = next_fresh();
	if (!fresh)
		return;
	left = part;
	kmm = ksm_mm_visit(fresh->mm);
	if (!kmm || !visit(fresh, kmm, &left))
		drop(fresh, kmm);
	budget->reads -= part.reads - left.reads;
	ksm_budget_spend(budget, part.visits - left.visits);
}
