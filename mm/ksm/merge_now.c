// SPDX-License-Identifier: GPL-2.0
/*
 * Merging a process at once, for who asks for it: before a snapshot, for instance.
 *
 * Its pages are visited twice, once to be cleaned and once to be read.  That is done by the
 * task that asks, batch by batch, and ksmd's pass goes on in between.
 */
#include <linux/ksm.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>

#include "internal.h"

#define VISITS	2

/* A part of that.  Returns 1 if there is more, 0 at the end, or a negative error code. */
static int visit(struct mm_struct *mm, struct ksm_scan_turn *turn)
{
	unsigned long merges;
	struct ksm_mm *kmm;
	bool more = false;

	if (mutex_lock_interruptible(&ksm_mutex))
		return -EINTR;
	if (!(ksm_knobs.run & KSM_RUN_MERGE)) {
		mutex_unlock(&ksm_mutex);
		return -EOPNOTSUPP;
	}
	ksm_lock_wait_offlining();
	if (!ksm_fingerprint_drawn)
		ksm_fingerprint_draw();
	kmm = ksm_mm_visit(mm);
	if (kmm) {
		merges = ksm_stats.merges;
		ksm_eager = true;
		more = ksm_scan_now(kmm, turn);
		ksm_eager = false;
		kmm->merged_now += ksm_stats.merges - merges;
	}
	mutex_unlock(&ksm_mutex);
	/* Whoever changes a VMA is not to find it locked again at once. */
	if (more && turn->misses)
		ksm_lock_let_them_run();
	return more;
}

/* The last result counts no more.  Returns false on a signal. */
static bool begin(struct mm_struct *mm)
{
	struct ksm_mm *kmm;

	if (mutex_lock_interruptible(&ksm_mutex))
		return false;
	kmm = ksm_mm_find(mm);
	if (kmm)
		kmm->merged_now = 0;
	mutex_unlock(&ksm_mutex);
	return true;
}

/**
 * ksm_merge_now - merge what a process has offered, at once
 * @mm: process; a reference to its users is held
 *
 * What is written meanwhile is left for ksmd.
 *
 * Context: process context, may sleep long; no lock held.
 * Return: 0; -EINTR on a signal, then a part is done; -EOPNOTSUPP unless "run" is 1.
 */
int ksm_merge_now(struct mm_struct *mm)
{
	int i, ret = 0;

	if ((!ksm_fingerprint_drawn && wait_for_random_bytes()) || !begin(mm))
		return -EINTR;
	/* The references of per-CPU lists would keep pages from being merged. */
	lru_add_drain_all();
	for (i = 0; i < VISITS && !ret; i++) {
		struct ksm_scan_turn turn = {};

		do {
			ret = signal_pending(current) ? -EINTR : visit(mm, &turn);
			cond_resched();
		} while (ret > 0);
	}
	return ret;
}

/**
 * ksm_merge_now_result - tell how many pages the last call of ksm_merge_now() has merged
 * @mm: process
 *
 * Context: may sleep.
 * Return: pages, so far if it goes on.
 */
unsigned long ksm_merge_now_result(struct mm_struct *mm)
{
	unsigned long merged = 0;
	struct ksm_mm *kmm;

	mutex_lock(&ksm_mutex);
	kmm = ksm_mm_find(mm);
	if (kmm)
		merged = kmm->merged_now;
	mutex_unlock(&ksm_mutex);
	return merged;
}
