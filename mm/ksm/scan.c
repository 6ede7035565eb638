// SPDX-License-Identifier: GPL-2.0
/*
 * Scanning: which pages next.  Batches, passes, and the way through a process.
 */
#include <linux/freezer.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/swap.h>

#include <trace/events/ksm.h>

#include "advisor.h"
#include "ksm.h"

/* Batches that wait for a VMA that others keep locked, before it is passed by. */
#define KSM_MAX_MISSES		8

/* The pass that ksmd is in: guarded by ksm_mutex, as all of this file. */
static struct {
	bool running;
	bool drain;		/* pages wait in per-CPU lists: drain them first */
	bool mergeable;		/* a mergeable VMA was seen in the current process */
	unsigned int misses;	/* batches that found the current VMA locked */
	ktime_t started;
} pass;

enum scan_result {
	SCAN_MORE,	/* the budget is used up */
	SCAN_DONE,	/* nothing further in this process */
	SCAN_LOCKED,	/* somebody is changing its VMAs */
};

/*
 * Visit a locked VMA from *addr on: as many pages as a page table has.  Where few
 * addresses are in use that is many page tables, for one look-up of the VMA.
 */
static void scan_vma(struct ksm_mm *kmm, struct vm_area_struct *vma,
		     unsigned long *addr, struct ksm_budget *budget)
{
	unsigned long enough = budget->visits -
			       min_t(unsigned long, budget->visits, PTRS_PER_PTE);

	do {
		*addr = ksm_visit_pmd(kmm, vma, *addr, budget);
	} while (*addr < vma->vm_end && ksm_budget_left(budget) &&
		 budget->visits > enough);
}

/* Visit a process from *addr on, a part of a VMA at a time under its lock. */
static enum scan_result scan_mm(struct ksm_mm *kmm, unsigned long *addr,
				struct ksm_budget *budget)
{
	struct mm_struct *mm = kmm->slot.mm;

	while (ksm_budget_left(budget)) {
		unsigned long next = ksm_next_mergeable(mm, *addr);
		struct vm_area_struct *vma;

		if (next > *addr) {
			ksm_forget_range(kmm, *addr, next, NULL);
			*addr = next;
			ksm_budget_spend(budget, 1);
			if (next == ULONG_MAX)
				return SCAN_DONE;
		}
		vma = ksm_lock_vma(mm, *addr);
		if (!vma) {
			ksm_budget_spend(budget, 1);
			if (pass.misses++ < KSM_MAX_MISSES)
				return SCAN_LOCKED;
			pass.misses = 0;
			*addr = ALIGN(*addr + 1, PMD_SIZE);
			continue;
		}
		pass.misses = 0;
		if (ksm_vma_mergeable(vma)) {
			pass.mergeable = true;
			scan_vma(kmm, vma, addr, budget);
		} else {
			ksm_budget_spend(budget, 1);
		}
		ksm_unlock_vma(vma);
		cond_resched();
	}
	return SCAN_MORE;
}

static bool start_pass(void)
{
	/* The references of per-CPU lists would keep pages from being merged. */
	if (pass.drain)
		lru_add_drain_all();
	pass.drain = false;
	pass.mergeable = false;
	pass.misses = 0;
	pass.started = ktime_get();
	pass.running = ksm_mms_next();
	if (pass.running) {
		trace_ksm_start_scan(ksm_stats.full_scans, ksm_stats.tracked);
		ksm_advisor_start_pass();
	}
	return pass.running;
}

static void end_pass(void)
{
	ksm_reap_orphans();
	ksm_advisor_end_pass();
	trace_ksm_stop_scan(ksm_stats.full_scans, ksm_stats.tracked);
	ksm_stats.full_scan_msecs = ktime_ms_delta(ktime_get(), pass.started);
	WRITE_ONCE(ksm_stats.full_scans, ksm_stats.full_scans + 1);
	pass.running = false;
}

/**
 * ksm_scan_batch - visit some pages, and merge what can be merged
 * @pages_to_scan: pages to read at the most; many more may be visited
 *
 * Returns early at the end of a pass.
 *
 * Context: ksm_mutex held by ksmd.
 */
void ksm_scan_batch(unsigned int pages_to_scan)
{
	struct ksm_budget budget = {
		.reads = pages_to_scan,
		.visits = min_t(u64, ULONG_MAX,
				(u64)pages_to_scan * KSM_VISITS_PER_READ),
	};

	if (!pass.running && !start_pass())
		return;

	while (ksm_budget_left(&budget) && !freezing(current)) {
		enum scan_result result = SCAN_DONE;
		unsigned long *addr;
		struct ksm_mm *kmm = ksm_mms_current(&addr);

		if (!kmm) {
			end_pass();
			return;
		}
		/*
		 * The mm is held for one batch: an exit must not wait for ksmd.  One
		 * that was found idle may be registered anew by now, and what is known
		 * of it waits to be freed.
		 */
		if (list_empty(&kmm->dead) && mmget_not_zero(kmm->slot.mm)) {
			result = scan_mm(kmm, addr, &budget);
			if (result == SCAN_DONE && !pass.mergeable)
				ksm_mm_unregister_idle(kmm->slot.mm);
			mmput_async(kmm->slot.mm);
		}
		ksm_budget_spend(&budget, 1);
		pass.drain |= budget.drain;
		if (result == SCAN_LOCKED)
			return;
		if (result == SCAN_DONE) {
			pass.mergeable = false;
			ksm_mms_next();
		}
	}
}

/**
 * ksm_scan_restart - break off the pass that ksmd is in
 *
 * Context: ksm_mutex held.
 */
void ksm_scan_restart(void)
{
	pass.running = false;
	ksm_mms_rewind();
}
