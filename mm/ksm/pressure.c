// SPDX-License-Identifier: GPL-2.0
/*
 * Pressure: when memory runs short, ksmd works out of turn.
 *
 * An allocator that finds memory below the low watermark asks for it, and so does one that
 * is about to call the OOM killer: where there is no swap, anonymous memory leads from
 * one to the other within milliseconds.  Then ksmd makes passes without a pause, as many
 * as it takes to visit each page twice, see visit.c.  Such a run ends early once nobody
 * has asked for a while.
 *
 * A machine that lives with full memory must not pay for that all the time: after a run
 * that freed next to nothing there is a rest, ever longer while that goes on.
 *
 * Whoever asks takes no lock but that of a waitqueue.
 */
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/ksm.h>
#include <linux/minmax.h>
#include <linux/notifier.h>
#include <linux/oom.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/wait.h>

#include <trace/events/ksm.h>

#include "pressure.h"
#include "registry.h"
#include "state.h"

/* So much later than the last request a run ends. */
#define PRESSURE_OVER		max(HZ / 10, 1)

/* Ends of passes until each page has been visited twice: the first is that of half a one. */
#define PRESSURE_PASSES		3

/* What counts as nothing: so many pages, and one of so many. */
#define PRESSURE_FEW_PAGES	32
#define PRESSURE_FEW_OF		1024

/* The rest after a run that freed next to nothing, and how often it may double. */
#define PRESSURE_REST		(10 * HZ)
#define PRESSURE_DOUBLINGS	6

/* Before the OOM killer is called: how long to wait, for one of so many frames, how often. */
#define PRESSURE_WAIT		max(HZ / 5, 1)
#define PRESSURE_ENOUGH_OF	64
#define PRESSURE_CHANCES	20
#define PRESSURE_CHANCES_IN	(10 * HZ)

/* Nor for a run that has found so many pages, and so many for each one freed, unique. */
#define PRESSURE_UNIQUE		4096
#define PRESSURE_UNIQUE_EACH	64

/* Frames that ksmd may take from the reserves before it has freed any. */
#define PRESSURE_CREDIT		128

bool ksm_pressure_heard __read_mostly;

/* Somebody has asked since ksmd last looked. */
static bool asked;

/**
 * struct run - what ksmd does out of turn
 * @goes_on: there is one
 * @last_asked: jiffies
 * @passes: ksm_stats.full_scans at its start
 * @merges: ksm_stats.merges at its start
 * @unshared: ksm_stats.unshared at its start
 * @bytes: ksm_stats.bytes at its start
 * @nice: ksmd's, before
 */
struct run {
	bool goes_on;
	unsigned long last_asked;
	unsigned long passes;
	unsigned long merges;
	unsigned long unshared;
	long bytes;
	int nice;
};

/* Written under ksm_mutex. */
static struct run run;
static struct task_struct *runner;
static unsigned int barren;		/* runs in a row that freed next to nothing */
static u64 barren_end;			/* jiffies: when the last of them ended */
static bool searched;			/* that one has visited each page twice */
static unsigned long searched_mms;	/* ksm_mms_registered() then */

static DECLARE_WAIT_QUEUE_HEAD(waiters);
static DEFINE_RATELIMIT_STATE(chances, PRESSURE_CHANCES_IN, PRESSURE_CHANCES);

static void end_run(void)
{
	unsigned long passes = ksm_stats.full_scans - run.passes;
	unsigned long freed = ksm_stats.merges - run.merges;

	if (run.nice > 0)
		set_user_nice(runner, run.nice);
	WRITE_ONCE(run.goes_on, false);
	if (freed > PRESSURE_FEW_PAGES + ksm_stats.tracked / PRESSURE_FEW_OF) {
		WRITE_ONCE(barren, 0);
	} else {
		WRITE_ONCE(barren_end, get_jiffies_64());
		WRITE_ONCE(searched, passes >= PRESSURE_PASSES);
		WRITE_ONCE(searched_mms, ksm_mms_registered());
		WRITE_ONCE(barren, min(barren + 1, PRESSURE_DOUBLINGS + 1U));
	}
	trace_ksm_pressure(passes, freed);
}

/**
 * ksm_pressure_cancel - do not work out of turn, as there is nothing to be done
 *
 * Context: ksm_mutex held.
 */
void ksm_pressure_cancel(void)
{
	WRITE_ONCE(asked, false);
	if (run.goes_on) {
		end_run();
	} else {
		/* Not to be woken for that again at once. */
		WRITE_ONCE(barren_end, get_jiffies_64());
		WRITE_ONCE(barren, max(barren, 1U));
	}
	wake_up_all(&waiters);
}

/**
 * ksm_pressure_listen - hear requests, or do not any more and forget how runs went
 *
 * To be called whenever one of the knobs that decide about it has changed.
 *
 * Context: ksm_mutex held.
 */
void ksm_pressure_listen(void)
{
	bool hear = ksm_knobs.pressure_boost && ksm_knobs.run == KSM_RUN_MERGE;

	if (!hear) {
		ksm_pressure_cancel();
		WRITE_ONCE(barren, 0);
		WRITE_ONCE(searched, false);
	}
	WRITE_ONCE(ksm_pressure_heard, hear);
}

static bool is_resting(u64 rest)
{
	return READ_ONCE(barren) &&
	       time_before64(get_jiffies_64(), READ_ONCE(barren_end) + rest);
}

static void ask(void)
{
	if (READ_ONCE(asked))
		return;
	WRITE_ONCE(asked, true);
	ksm_wake();
}

/* See ksm_pressure_low(). */
void ksm_pressure_ask(void)
{
	unsigned int runs = READ_ONCE(barren);

	if (!READ_ONCE(asked) && !ksm_mms_empty() &&
	    !is_resting((u64)PRESSURE_REST << (runs ? runs - 1 : 0)))
		ask();
}

/**
 * ksm_pressure_due - tell whether ksmd is to work out of turn
 *
 * Return: true if so.
 */
bool ksm_pressure_due(void)
{
	return READ_ONCE(ksm_pressure_heard) && (READ_ONCE(asked) || READ_ONCE(run.goes_on));
}

static void begin_run(void)
{
	run = (struct run) {
		.last_asked = jiffies,
		.passes = ksm_stats.full_scans,
		.merges = ksm_stats.merges,
		.unshared = ksm_stats.unshared,
		.bytes = atomic_long_read(&ksm_stats.bytes),
		.nice = task_nice(current),
	};
	WRITE_ONCE(runner, current);
	WRITE_ONCE(run.goes_on, true);
	WRITE_ONCE(ksm_stats.pressure_runs, ksm_stats.pressure_runs + 1);
	if (run.nice > 0)
		set_user_nice(current, 0);
}

/* May ksmd take what it needs from the reserves?  It gives back more than that. */
static bool has_credit(void)
{
	long taken = atomic_long_read(&ksm_stats.bytes) - run.bytes;

	return taken < (long)(ksm_stats.merges - run.merges + PRESSURE_CREDIT) * (long)PAGE_SIZE;
}

/**
 * ksm_pressure_begin_batch - begin a part of the work out of turn
 * @batch: set, for ksm_pressure_end_batch()
 *
 * Context: ksm_mutex held by ksmd, and between the two nothing else that needs memory.
 */
void ksm_pressure_begin_batch(struct ksm_pressure_batch *batch)
{
	if (!run.goes_on)
		begin_run();
	/* Who comes to wait asks, too: no barrier is needed for one that is missed here. */
	if (xchg(&asked, false) || waitqueue_active(&waiters))
		run.last_asked = jiffies;
	ksm_eager = true;
	batch->merges = ksm_stats.merges;
	batch->credit = has_credit();
	if (batch->credit)
		batch->flags = memalloc_noreclaim_save();
}

/**
 * ksm_pressure_end_batch - end a part of the work out of turn
 * @batch: by ksm_pressure_begin_batch()
 *
 * Context: ksm_mutex held by ksmd.
 */
void ksm_pressure_end_batch(const struct ksm_pressure_batch *batch)
{
	ksm_eager = false;
	if (batch->credit)
		memalloc_noreclaim_restore(batch->flags);
	WRITE_ONCE(ksm_stats.pressure_freed,
		   ksm_stats.pressure_freed + ksm_stats.merges - batch->merges);
	if (!READ_ONCE(ksm_pressure_heard) ||
	    ksm_stats.full_scans - run.passes >= PRESSURE_PASSES ||
	    (!READ_ONCE(asked) && time_after(jiffies, run.last_asked + PRESSURE_OVER)))
		end_run();
	wake_up_all(&waiters);
}

/* Is it in vain, by the look of it? */
static bool looks_barren(void)
{
	long unique = READ_ONCE(ksm_stats.unshared) - READ_ONCE(run.unshared);
	unsigned long freed = READ_ONCE(ksm_stats.merges) - READ_ONCE(run.merges);

	return READ_ONCE(run.goes_on) && unique > PRESSURE_UNIQUE &&
	       unique / PRESSURE_UNIQUE_EACH > freed;
}

static bool came_in(unsigned long before)
{
	unsigned long freed = READ_ONCE(ksm_stats.pressure_freed) - before;

	return freed >= totalram_pages() / PRESSURE_ENOUGH_OF || looks_barren() ||
	       !ksm_pressure_due();
}

/*
 * Before the OOM killer is called: have ksmd free some memory, for a moment.  With
 * oom_lock held, so that all others wait, too.
 */
static int before_oom(struct notifier_block *nb, unsigned long unused, void *freed)
{
	unsigned long before = READ_ONCE(ksm_stats.pressure_freed);
	bool in_vain = is_resting(PRESSURE_REST) && READ_ONCE(searched) &&
		       ksm_mms_registered() == READ_ONCE(searched_mms);

	if (!READ_ONCE(ksm_pressure_heard) || current == READ_ONCE(runner) ||
	    ksm_mms_empty() || ksm_lock_offlining() || looks_barren() || in_vain ||
	    !__ratelimit(&chances))
		return NOTIFY_OK;
	ask();
	wait_event_killable_timeout(waiters, came_in(before), PRESSURE_WAIT);
	*(unsigned long *)freed += READ_ONCE(ksm_stats.pressure_freed) - before;
	return NOTIFY_OK;
}

static struct notifier_block oom_notifier = {
	.notifier_call = before_oom,
};

/**
 * ksm_pressure_init - be told before the OOM killer is called
 */
void __init ksm_pressure_init(void)
{
	ratelimit_set_flags(&chances, RATELIMIT_MSG_ON_RELEASE);
	register_oom_notifier(&oom_notifier);
	/* Without sysfs it merges from the start. */
	ksm_pressure_listen();
}
