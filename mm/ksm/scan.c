// SPDX-License-Identifier: GPL-2.0
/*
 * Scanning: which pages next.  Batches, passes, and the way through a process.
 */
#include <linux/freezer.h>
#include <linux/ktime.h>
#include <linux/math.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/cputime.h>
#include <linux/swap.h>

#include <trace/events/ksm.h>

#include "fresh.h"
#include "internal.h"

/* How often a process is come back to in a pass, before what is locked is skipped. */
#define KSM_MAX_MISSES		3

/* How far is skipped at a time, as a power of two of page tables. */
#define KSM_MAX_SKIPS		16

/* The pass that ksmd is in: guarded by ksm_mutex, as all of this file. */
static struct {
	bool running;
	bool drain;		/* pages wait in per-CPU lists: drain them first */
	bool unfinished;	/* a process is to be come back to */
	bool again;		/* those are being come back to now */
	enum ksm_round round;	/* what is read now */
	bool deferred;		/* some pages are to be read in a later one */
	bool apart;		/* a process shares pages with another domain */
	bool out_of_turn;	/* a part of it was */
	int moves;		/* between domains, at the start */
	unsigned int number;
	unsigned long found;	/* as in struct ksm_budget */
	unsigned long shared;	/* pages that were shared at the start */
	ktime_t started;
	u64 runtime;		/* ksmd's CPU time at the start, ns */
} pass;

/* What is fresh gets a part of each batch; guarded by ksm_mutex. */
static struct {
	bool had_page;		/* the last batch, which was of one page */
	bool drain;		/* as above */
} fresh_part;

/* So many pages that are new, or have changed, are read as they come in a pass. */
unsigned long ksm_scan_as_they_come __read_mostly = 32 * 1024;

enum scan_result {
	SCAN_MORE,	/* the budget is used up, or somebody waits for ksmd */
	SCAN_DONE,	/* nothing further in this process */
	SCAN_LOCKED,	/* somebody is changing its VMAs */
};

/*
 * Visit locked VMAs: as many pages as a page table has.  Where few addresses of a VMA are
 * in use that is many page tables, for one look-up of it.
 */
static void scan_vmas(struct ksm_mm *kmm, const struct ksm_vmas *vmas,
		      struct ksm_budget *budget)
{
	unsigned long enough = budget->visits -
			       min_t(unsigned long, budget->visits, PTRS_PER_PTE);

	do {
		kmm->addr = ksm_sweep_pmd(kmm, vmas, kmm->addr, budget);
	} while (vmas->nr == 1 && kmm->addr < vmas->vma[0]->vm_end &&
		 ksm_budget_left(budget) && budget->visits > enough &&
		 !ksm_mm_hurried(kmm) && !ksm_vma_contended(vmas->vma[0]));
}

/* In a round for what was deferred: go on there.  Returns false if there is nothing more. */
static bool skip_to_deferred(struct ksm_mm *kmm, struct ksm_budget *budget)
{
	struct ksm_tile *tile;

	if (budget->round <= KSM_ROUND_PICK)
		return true;
	tile = ksm_tile_next_deferred(kmm, kmm->addr, budget->round == KSM_ROUND_PAYING,
				      &budget->visits);
	if (tile)
		kmm->addr = max(kmm->addr, tile->addr);
	return tile;
}

/* Visit a process where its turn goes on, a part of a VMA at a time under its lock. */
static enum scan_result scan_mm(struct ksm_mm *kmm, struct ksm_budget *budget)
{
	struct mm_struct *mm = kmm->slot.mm;
	struct ksm_walk walk;
	bool contended;

	ksm_vma_begin(&walk, kmm, budget->round <= KSM_ROUND_PICK);
	while (ksm_budget_left(budget) && !ksm_mm_hurried(kmm) && !freezing(current)) {
		struct vm_area_struct *vma;
		unsigned long next;

		if (!skip_to_deferred(kmm, budget))
			return SCAN_DONE;
		next = kmm->addr;
		vma = ksm_vma_lock_next(&walk, &next, budget);

		/* That may take long, so nobody is kept out meanwhile. */
		if (next > kmm->addr && ksm_tile_any(kmm, kmm->addr, next)) {
			if (vma)
				ksm_vma_unlock_all(&walk.vmas);
			kmm->addr = ksm_forget_range(kmm, kmm->addr, next, NULL,
						     budget);
			continue;
		}
		kmm->addr = next;
		if (next == ULONG_MAX)
			return SCAN_DONE;
		if (!vma) {
			kmm->mergeable = true;
			ksm_budget_spend(budget, 1);
			if (kmm->misses < KSM_MAX_MISSES) {
				kmm->misses++;
				return SCAN_LOCKED;
			}
			ksm_lock_let_them_run();
			/* A lock that is held for long may be one of a large VMA. */
			next = ksm_vma_skip(mm, kmm->addr, kmm->skips);
			if (next == kmm->addr && kmm->skips == KSM_MAX_SKIPS)
				return SCAN_DONE;
			kmm->addr = next;
			kmm->skips = min(kmm->skips + 1, KSM_MAX_SKIPS);
			continue;
		}
		kmm->skips = 0;
		if (ksm_eligible_vma(vma)) {
			kmm->mergeable = true;
			scan_vmas(kmm, &walk.vmas, budget);
		} else {
			ksm_budget_spend(budget, 1);
		}
		/* A page may take much longer than those before it. */
		if (budget->until && task_sched_runtime(current) > budget->until)
			budget->reads = 0;
		contended = ksm_vma_any_contended(&walk.vmas);
		ksm_vma_unlock_all(&walk.vmas);
		if (contended) {
			/* Else it would be locked at the next try, and be skipped. */
			ksm_lock_let_them_run();
			ksm_budget_spend(budget, KSM_VISITS_PER_PAUSE);
		}
		cond_resched();
	}
	return SCAN_MORE;
}

/* Have a process be in the domain that it belongs to, see ksm_apart_follow(). */
static int follow(struct ksm_mm *kmm, struct ksm_budget *budget)
{
	if (static_branch_unlikely(&ksm_domain_used))
		return ksm_apart_follow(kmm, budget);
	return 0;
}

/* Visit it there, or not in this pass. */
static enum scan_result scan_in_domain(struct ksm_mm *kmm, struct ksm_budget *budget)
{
	int err = follow(kmm, budget);

	if (err)
		return err == -EAGAIN ? SCAN_MORE : SCAN_DONE;
	return scan_mm(kmm, budget);
}

/* The walk of this pass: 0 is the first, which goes through all. */
static unsigned int round_number(void)
{
	return pass.round > KSM_ROUND_PICK ? pass.round - KSM_ROUND_PICK : 0;
}

/* Is it the turn of this process?  Those that came since have none in this pass. */
static bool has_turn(struct ksm_mm *kmm)
{
	/* One that was found idle may be registered anew, and waits to be freed. */
	if (!list_empty(&kmm->dead))
		return false;
	if (kmm->turn == pass.number && kmm->round == round_number())
		return !kmm->done;
	if (pass.again)
		return false;
	if (round_number()) {
		if (kmm->turn != pass.number || !kmm->deferred)
			return false;
	} else {
		kmm->turn = pass.number;
		kmm->mergeable = false;
		kmm->full = false;
		kmm->deferred = false;
	}
	kmm->round = round_number();
	kmm->addr = round_number() ? 0 : ksm_vma_first(kmm);
	kmm->misses = 0;
	kmm->skips = 0;
	kmm->done = false;
	return true;
}

static enum scan_result scan_turn(struct ksm_mm *kmm, struct ksm_budget *budget)
{
	enum scan_result result;

	if (!has_turn(kmm) || !ksm_mm_enter(kmm))
		return SCAN_DONE;
	result = scan_in_domain(kmm, budget);
	if (result == SCAN_DONE) {
		pass.apart |= !ksm_apart_over(kmm);
		if (!kmm->mergeable)
			ksm_mm_unregister_idle(kmm);
	}
	ksm_mm_leave(kmm);
	return result;
}

static unsigned long shared_pages(void)
{
	return ksm_stats.shared + ksm_stats.sharing + atomic_long_read(&ksm_zero_pages);
}

static bool start_pass(void)
{
	/* The references of per-CPU lists would keep pages from being merged. */
	if (pass.drain && !ksm_eager) {
		lru_add_drain_all();
		pass.drain = false;
	}
	pass.unfinished = false;
	pass.again = false;
	pass.round = KSM_ROUND_ALL;
	pass.deferred = false;
	pass.apart = false;
	pass.out_of_turn = false;
	pass.moves = ksm_cgroup_moves();
	pass.number++;
	pass.found = 0;
	pass.shared = shared_pages();
	pass.started = ktime_get();
	pass.runtime = task_sched_runtime(current);
	pass.running = ksm_mms_next();
	if (pass.running) {
		ksm_pace_begin_pass();
		trace_ksm_start_scan(ksm_stats.full_scans, ksm_stats.tracked);
	}
	return pass.running;
}

static void end_pass(void)
{
	unsigned long shared = shared_pages();
	struct ksm_pass_result result = {
		.msecs = ktime_ms_delta(ktime_get(), pass.started),
		.cpu_msecs = div_u64(task_sched_runtime(current) - pass.runtime,
				     NSEC_PER_MSEC),
		.pages = ksm_stats.tracked,
		.found = pass.found,
		.merged = shared - min(shared, pass.shared),
		.out_of_turn = pass.out_of_turn,
	};

	if (!pass.apart)
		ksm_cgroup_settle(pass.moves);
	ksm_pace_end_pass(&result);
	trace_ksm_stop_scan(ksm_stats.full_scans, ksm_stats.tracked);
	ksm_stats.full_scan_msecs = result.msecs;
	WRITE_ONCE(ksm_stats.full_scans, ksm_stats.full_scans + 1);
	pass.running = false;
}

/*
 * Where there is much to read, what pays comes first: of all that is new some pages are
 * read, then the neighbours of those that were merged, then the rest.  Each in a round
 * through the processes, all within the pass, as a pass reads all that it is to read.
 */
static bool next_round(void)
{
	if (!pass.deferred || pass.round == KSM_ROUND_REST)
		return false;
	pass.round++;
	pass.again = false;
	return ksm_mms_next();
}

/**
 * ksm_scan_budget - tell what ksmd may do in a batch that begins now
 *
 * Context: ksm_mutex held by ksmd.
 * Return: budget.
 */
struct ksm_budget ksm_scan_budget(void)
{
	struct ksm_budget budget = ksm_pace_batch();

	if (ksm_pace_budgeted() && !ksm_eager)
		budget.until = task_sched_runtime(current) + 2 * ksm_pace_batch_time();
	return budget;
}

/**
 * ksm_scan_batch - visit some pages, and merge what can be merged
 * @budget: by ksm_scan_budget(); less what is done
 *
 * Returns early at the end of a pass.
 *
 * Context: ksm_mutex held by ksmd.
 * Return: how it ended.
 */
enum ksm_scan_end ksm_scan_batch(struct ksm_budget *budget)
{
	if (!pass.running && !start_pass())
		return KSM_SCAN_BATCH;
	pass.out_of_turn |= ksm_eager;

	while (ksm_budget_left(budget)) {
		struct ksm_mm *kmm = ksm_mms_current();
		enum scan_result result;

		if (freezing(current) || ksm_lock_wanted())
			return KSM_SCAN_DISTURBED;
		if (!kmm) {
			if (pass.unfinished) {
				/* VMAs are not locked for long. */
				pass.unfinished = false;
				pass.again = true;
				ksm_mms_next();
				return KSM_SCAN_DISTURBED;
			}
			if (next_round())
				continue;
			if (!ksm_reap_watched(budget))
				return KSM_SCAN_BATCH;
			end_pass();
			return KSM_SCAN_PASS;
		}
		budget->round = pass.round;
		result = scan_turn(kmm, budget);
		ksm_budget_spend(budget, 1);
		kmm->deferred |= budget->deferred;
		pass.deferred |= budget->deferred;
		budget->deferred = false;
		pass.drain |= budget->drain;
		pass.found += budget->found;
		budget->found = 0;
		ksm_pace_found(pass.found);
		if (pass.round == KSM_ROUND_ALL && pass.found > ksm_scan_as_they_come &&
		    !ksm_eager)
			pass.round = KSM_ROUND_PICK;
		if (result == SCAN_MORE)
			continue;
		if (result == SCAN_LOCKED)
			pass.unfinished = true;
		else
			kmm->done = true;
		ksm_mms_next();
		cond_resched();
	}
	return KSM_SCAN_BATCH;
}

/* Where the turn of a process stands, as it is kept in the process. */
static struct ksm_scan_turn exchange_turn(struct ksm_mm *kmm, struct ksm_scan_turn turn)
{
	struct ksm_scan_turn before = {
		.begun = true,
		.addr = kmm->addr,
		.span = kmm->span,
		.misses = kmm->misses,
		.skips = kmm->skips,
		.mergeable = kmm->mergeable,
		.full = kmm->full,
	};

	kmm->addr = turn.addr;
	kmm->span = turn.span;
	kmm->misses = turn.misses;
	kmm->skips = turn.skips;
	kmm->mergeable = turn.mergeable;
	kmm->full = turn.full;
	return before;
}

/**
 * ksm_scan_now - visit some pages of a process, whatever ksmd is at
 * @kmm: process
 * @turn: how far that has come; full of zeroes to begin with, but for @addr
 * @budget: what may be done; less what is done
 *
 * Its turn in the pass is left as it is.
 *
 * Context: ksm_mutex held, may sleep.
 * Return: 1 if there is more to visit, 0 if not; a negative error code, by
 *	   ksm_apart_follow().
 */
int ksm_scan_now(struct ksm_mm *kmm, struct ksm_scan_turn *turn,
		 struct ksm_budget *budget)
{
	struct ksm_scan_turn before;
	int ret;

	if (!ksm_mm_enter(kmm))
		return 0;
	before = exchange_turn(kmm, *turn);
	if (!turn->begun) {
		kmm->addr = max(kmm->addr, ksm_vma_first(kmm));
		/* Its domain may have other faults by now. */
		kmm->asked = kmm->turn - 1;
	}
	ret = follow(kmm, budget);
	if (!ret)
		ret = scan_mm(kmm, budget) != SCAN_DONE;
	else if (ret == -EAGAIN)
		ret = 1;
	*turn = exchange_turn(kmm, before);
	ksm_mm_leave(kmm);
	return ret;
}

/* Of a batch, half; where that is one page, every other time. */
static bool take_half(struct ksm_budget *budget, struct ksm_budget *part)
{
	*part = *budget;
	part->reads = DIV_ROUND_UP(budget->reads, 2);
	part->visits = DIV_ROUND_UP(budget->visits, 2);
	fresh_part.had_page = budget->reads == 1 && !fresh_part.had_page;
	return budget->reads > 1 || fresh_part.had_page;
}

/* Visit a part of something fresh.  Returns false once it is fresh no more. */
static bool visit_fresh(struct ksm_fresh *fresh, struct ksm_budget *budget)
{
	int more;

	/* One that was found idle may exit without a word. */
	if (!list_empty(&fresh->kmm->dead))
		return false;
	if (fresh_part.drain && !fresh->turn.begun) {
		lru_add_drain_all();
		fresh_part.drain = false;
	}
	more = ksm_scan_now(fresh->kmm, &fresh->turn, budget);
	fresh_part.drain |= budget->drain;
	ksm_pace_found(budget->found);
	if (more > 0 && fresh->turn.addr < READ_ONCE(fresh->end))
		return true;
	return more >= 0 && ksm_fresh_pause(fresh);
}

/**
 * ksm_scan_fresh - visit a part of something fresh, if there is
 * @budget: what may be done in a batch; less what is done, half at the most
 *
 * Context: ksm_mutex held by ksmd, may sleep.
 */
void ksm_scan_fresh(struct ksm_budget *budget)
{
	struct ksm_budget part, left;
	struct ksm_fresh *fresh;

	fresh = ksm_fresh_next();
	if (!fresh || !take_half(budget, &part))
		return;
	left = part;
	if (!visit_fresh(fresh, &left))
		ksm_fresh_end(fresh->kmm);
	budget->reads -= part.reads - left.reads;
	ksm_budget_spend(budget, part.visits - left.visits);
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
