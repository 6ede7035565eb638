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
 * that saved no more than those before it there is a rest, and an ever longer one after
 * runs that saved next to nothing, as what they merged was written again.  Who is about to
 * call the OOM killer is heard at any time, but not for ever.
 *
 * Whoever asks takes no lock but that of a waitqueue.
 */
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/ksm.h>
#include <linux/notifier.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/oom.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/sched/cputime.h>
#include <linux/vmstat.h>
#include <linux/wait.h>

#include <trace/events/ksm.h>

#include "../internal.h"
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

/* The rest after a run that saved no more than those before, in times of its CPU time. */
#define PRESSURE_REST_TIMES	3

/* How much more has to be saved than before: one of so many pages. */
#define PRESSURE_RECORD_OF	32

/* The rest after a run that saved next to nothing, and how often it may double. */
#define PRESSURE_REST		(10 * HZ)
#define PRESSURE_DOUBLINGS	6U

/*
 * Before the OOM killer is called: how long to wait, for one of so many frames; how often
 * without more being saved than before, and how often in a row as long as ksmd has not
 * been round and nothing is freed.
 */
#define PRESSURE_WAIT		max(HZ / 5, 1)
#define PRESSURE_ENOUGH_OF	64
#define PRESSURE_CHANCES	20
#define PRESSURE_CHANCES_IN	(10 * HZ)
#define PRESSURE_IN_A_ROW	5

/* Nor for a run that found so many pages unique: of all, and for each that it freed. */
#define PRESSURE_UNIQUE		4096L
#define PRESSURE_UNIQUE_OF	64
#define PRESSURE_UNIQUE_EACH	64

/*
 * Frames that ksmd may take from the reserves before it has freed any, and in all once half
 * of them is gone.
 */
#define PRESSURE_CREDIT		128
#define PRESSURE_LAST_CREDIT	16

/* Passes of a run that found no memory, before that counts as nothing found. */
#define PRESSURE_STARVED	32

bool ksm_pressure_heard __read_mostly;

/* Somebody has asked since ksmd last looked; somebody with the OOM killer has. */
static bool asked;
static bool urgent;

/**
 * struct run - what ksmd does out of turn
 * @goes_on: there is one; the other fields are only a hint without ksm_mutex
 * @last_asked: jiffies
 * @passes: ksm_stats.full_scans at its start, and one more for each pass that was none
 * @counted: ksm_stats.full_scans when that was reckoned
 * @starved: ksm_stats.starved at that time
 * @nones: passes that were none
 * @freed: ksm_stats.freed at its start
 * @saved: saved_pages() at its start
 * @unshared: ksm_stats.unshared at its start
 * @bytes: ksm_stats.bytes at its start
 * @runtime: ksmd's CPU time at its start, ns
 * @hurried: ksmd's nice value is raised
 * @nice: ksmd's, before that
 * @open_until: until then (jiffies) the next run goes on with what this one has begun: it
 *		ended before each page had been visited twice
 */
struct run {
	bool goes_on;
	unsigned long last_asked;
	unsigned long passes;
	unsigned long counted;
	unsigned long starved;
	unsigned int nones;
	long freed;
	unsigned long saved;
	unsigned long unshared;
	long bytes;
	u64 runtime;
	bool hurried;
	int nice;
	u64 open_until;
};

/* Written under ksm_mutex. */
static struct run run;
static struct task_struct *runner;
static unsigned int barren;		/* runs in a row that saved next to nothing */
static unsigned long most_saved;	/* at the end of one, but for what has faded since */
static u64 rest_end;			/* jiffies: until then the low watermark is not heard */
static u64 vain_end;			/* jiffies: until then there is nothing to free, */
static unsigned long vain_mms;		/* as long as ksm_mms_registered() is that, */
static unsigned long vain_pages;	/* and no more than that are mapped */

static DECLARE_WAIT_QUEUE_HEAD(waiters);
static DEFINE_RATELIMIT_STATE(chances, PRESSURE_CHANCES_IN, PRESSURE_CHANCES);

static unsigned long saved_pages(void)
{
	return READ_ONCE(ksm_stats.sharing) + atomic_long_read(&ksm_zero_pages);
}

static unsigned long mapped_pages(void)
{
	return global_node_page_state(NR_ANON_MAPPED);
}

static bool is_much(long pages)
{
	return pages > (long)(PRESSURE_FEW_PAGES +
			      READ_ONCE(ksm_stats.tracked) / PRESSURE_FEW_OF);
}

static void rest(u64 least)
{
	u64 took = task_sched_runtime(runner) - run.runtime;

	WRITE_ONCE(rest_end, get_jiffies_64() +
		   max(least, nsecs_to_jiffies64(took * PRESSURE_REST_TIMES)));
}

/* Has more been saved than before?  Else it is what has been merged before, and written. */
static bool is_record(void)
{
	unsigned long saved = saved_pages();
	bool record = is_much(saved - most_saved) &&
		      saved > most_saved + most_saved / PRESSURE_RECORD_OF;

	/* What was long ago fades, but no faster than a record is made. */
	most_saved -= most_saved / (2 * PRESSURE_RECORD_OF);
	most_saved = max(most_saved, saved);
	return record;
}

static void end_run(void)
{
	unsigned long passes = ksm_stats.full_scans - run.passes;
	long freed = ksm_stats.freed - run.freed;

	/* Unless somebody else has changed it since. */
	if (run.hurried && !task_nice(runner))
		set_user_nice(runner, run.nice);
	run.open_until = 0;
	if (is_much(saved_pages() - run.saved)) {
		barren = 0;
		if (!is_record())
			rest(0);
	} else if (passes < PRESSURE_PASSES) {
		/* That says nothing of what it would have found. */
		rest(0);
		run.open_until = get_jiffies_64() + PRESSURE_REST;
	} else {
		rest((u64)PRESSURE_REST << barren);
		barren = min(barren + 1, PRESSURE_DOUBLINGS);
		WRITE_ONCE(asked, false);
	}
	if (is_much(freed)) {
		WRITE_ONCE(vain_end, get_jiffies_64());
	} else if (passes >= PRESSURE_PASSES) {
		WRITE_ONCE(vain_mms, ksm_mms_registered());
		WRITE_ONCE(vain_pages, mapped_pages() + mapped_pages() / PRESSURE_ENOUGH_OF);
		WRITE_ONCE(vain_end, get_jiffies_64() + PRESSURE_REST);
	}
	WRITE_ONCE(run.goes_on, false);
	trace_ksm_pressure(passes, max(freed, 0L));
}

/**
 * ksm_pressure_cancel - do not work out of turn, as there is nothing to be done
 *
 * Context: ksm_mutex held.
 */
void ksm_pressure_cancel(void)
{
	WRITE_ONCE(asked, false);
	WRITE_ONCE(urgent, false);
	if (run.goes_on)
		end_run();
	else
		/* Not to be woken for that again at once. */
		WRITE_ONCE(rest_end, get_jiffies_64() + PRESSURE_REST);
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

	WRITE_ONCE(ksm_pressure_heard, hear);
	if (!hear) {
		ksm_pressure_cancel();
		barren = 0;
		most_saved = 0;
		run.open_until = 0;
		WRITE_ONCE(rest_end, get_jiffies_64());
		WRITE_ONCE(vain_end, get_jiffies_64());
	}
}

/**
 * ksm_pressure_set_runner - tell who is to work out of turn
 * @task: ksmd
 */
void ksm_pressure_set_runner(struct task_struct *task)
{
	WRITE_ONCE(runner, task);
}

/* See ksm_pressure_low(). */
void ksm_pressure_ask(void)
{
	if (!READ_ONCE(asked) && !ksm_mms_empty() && current != READ_ONCE(runner) &&
	    !time_before64(get_jiffies_64(), READ_ONCE(rest_end))) {
		WRITE_ONCE(asked, true);
		ksm_wake();
	}
}

/**
 * ksm_pressure_group - a memory cgroup is about to have a process killed
 *
 * Its owner can bring that about at any time, so that it costs others no more than a
 * batch of ksmd's now and then.
 *
 * Context: any that may wake a task.
 */
void ksm_pressure_group(void)
{
	static u64 last;

	if (!READ_ONCE(ksm_pressure_heard) ||
	    time_before64(get_jiffies_64(), READ_ONCE(last) + PRESSURE_OVER))
		return;
	WRITE_ONCE(last, get_jiffies_64());
	ksm_kick();
}

/**
 * ksm_pressure_due - tell whether ksmd is to work out of turn
 *
 * Return: true if so.
 */
bool ksm_pressure_due(void)
{
	if (!READ_ONCE(ksm_pressure_heard))
		return false;
	/* Pairs with the xchg() in ksm_pressure_begin_batch(): by then the run goes on. */
	if (smp_load_acquire(&urgent) || smp_load_acquire(&asked))
		return true;
	return READ_ONCE(run.goes_on);
}

static void begin_run(void)
{
	run.last_asked = jiffies;
	WRITE_ONCE(run.freed, ksm_stats.freed);
	if (!time_before64(get_jiffies_64(), run.open_until)) {
		run.passes = ksm_stats.full_scans;
		run.saved = saved_pages();
	}
	run.counted = ksm_stats.full_scans;
	run.starved = ksm_stats.starved;
	run.nones = 0;
	WRITE_ONCE(run.unshared, ksm_stats.unshared);
	run.bytes = atomic_long_read(&ksm_stats.bytes);
	run.runtime = task_sched_runtime(current);
	run.hurried = false;
	/* Pairs with the acquire in looks_barren(). */
	smp_store_release(&run.goes_on, true);
	WRITE_ONCE(ksm_stats.pressure_runs, ksm_stats.pressure_runs + 1);
}

/* Somebody waits with the OOM killer. */
static void hurry(void)
{
	if (run.hurried || task_nice(current) <= 0)
		return;
	run.hurried = true;
	run.nice = task_nice(current);
	set_user_nice(current, 0);
}

static long frames_taken(void)
{
	return (atomic_long_read(&ksm_stats.bytes) - run.bytes) / (long)PAGE_SIZE;
}

static bool has_credit(void)
{
	return frames_taken() < ksm_stats.freed - run.freed + PRESSURE_CREDIT;
}

/* May ksmd take what it needs from the reserves?  It gives back more, and leaves half. */
static bool may_use_reserves(void)
{
	unsigned long reserve = min_free_kbytes >> (PAGE_SHIFT - 10);

	return has_credit() && (global_zone_page_state(NR_FREE_PAGES) > reserve / 2 ||
				frames_taken() < PRESSURE_LAST_CREDIT);
}

/*
 * A pass that found no memory for most of what there is says nothing of it, unless that is
 * because of what it took itself.  Returns true after one.
 */
static bool was_none(void)
{
	unsigned long passes = ksm_stats.full_scans - run.counted;
	unsigned long left_out = (ksm_stats.starved - run.starved) * KSM_TILE_PAGES;

	if (!passes)
		return false;
	run.counted = ksm_stats.full_scans;
	run.starved = ksm_stats.starved;
	if (left_out <= ksm_stats.tracked || run.nones >= PRESSURE_STARVED || !has_credit())
		return false;
	run.passes += passes;
	run.nones++;
	return true;
}

/**
 * ksm_pressure_begin_batch - begin a part of the work out of turn
 * @batch: set, for ksm_pressure_end_batch()
 *
 * What is remembered of pages may come from the reserves: no copies of pages, and nothing
 * beyond the limit of a memory cgroup.  Nothing is reclaimed for it.
 *
 * Context: ksm_mutex held by ksmd.
 */
void ksm_pressure_begin_batch(struct ksm_pressure_batch *batch)
{
	if (!run.goes_on)
		begin_run();
	if (xchg(&asked, false) | xchg(&urgent, false))
		run.last_asked = jiffies;
	/* Who comes to wait asks, too: no barrier is needed for one that is missed here. */
	if (waitqueue_active(&waiters)) {
		run.last_asked = jiffies;
		hurry();
	}
	batch->freed = ksm_stats.freed;
	ksm_eager = true;
	ksm_gfp = GFP_NOWAIT | __GFP_NOWARN;
	if (may_use_reserves())
		ksm_gfp |= __GFP_MEMALLOC;
}

/**
 * ksm_pressure_end_batch - end a part of the work out of turn
 * @batch: by ksm_pressure_begin_batch()
 *
 * Context: ksm_mutex held by ksmd.
 * Return: true if there was no memory to go on with: others are to free some first.
 */
bool ksm_pressure_end_batch(const struct ksm_pressure_batch *batch)
{
	bool none = was_none();

	ksm_eager = false;
	ksm_gfp = KSM_GFP;
	WRITE_ONCE(ksm_stats.pressure_freed, ksm_stats.pressure_freed +
		   ksm_stats.freed - batch->freed);
	if (!READ_ONCE(ksm_pressure_heard) ||
	    ksm_stats.full_scans - run.passes >= PRESSURE_PASSES ||
	    (!READ_ONCE(asked) && !READ_ONCE(urgent) &&
	     time_after(jiffies, run.last_asked + PRESSURE_OVER)))
		end_run();
	wake_up_all(&waiters);
	return none;
}

/* Is it in vain, by the look of it? */
static bool looks_barren(void)
{
	long unique, freed, tracked = READ_ONCE(ksm_stats.tracked);

	/* Pairs with the release in begin_run(). */
	if (!smp_load_acquire(&run.goes_on))
		return false;
	unique = READ_ONCE(ksm_stats.unshared) - READ_ONCE(run.unshared);
	freed = READ_ONCE(ksm_stats.freed) - READ_ONCE(run.freed);
	return unique > max(tracked / PRESSURE_UNIQUE_OF, PRESSURE_UNIQUE) &&
	       unique / PRESSURE_UNIQUE_EACH > freed;
}

static bool came_in(long before)
{
	long freed = READ_ONCE(ksm_stats.pressure_freed) - before;

	return freed >= (long)(totalram_pages() / PRESSURE_ENOUGH_OF) || looks_barren() ||
	       !ksm_pressure_due();
}

/*
 * Is more saved than at any time of late when this was asked?  What is written and merged
 * in a circle comes to an end with that.  Guarded by oom_lock.
 */
static bool has_gained(void)
{
	static unsigned long most;
	static u64 forget;
	unsigned long saved = saved_pages();
	u64 now = get_jiffies_64();
	bool late = !time_before64(now, forget), gained = !late && is_much(saved - most);

	if (late || gained) {
		most = saved;
		forget = now + PRESSURE_CHANCES_IN;
	}
	return gained;
}

/*
 * Before the OOM killer is called: have ksmd free some memory, for a moment.  With
 * oom_lock held, so that all others wait, too.
 */
static int before_oom(struct notifier_block *nb, unsigned long unused, void *freed)
{
	long before = READ_ONCE(ksm_stats.pressure_freed), came = 0;
	int tries = PRESSURE_IN_A_ROW;
	bool in_vain = time_before64(get_jiffies_64(), READ_ONCE(vain_end)) &&
		       ksm_mms_registered() == READ_ONCE(vain_mms) &&
		       mapped_pages() <= READ_ONCE(vain_pages);

	/* Somebody else may have found some already. */
	if (*(unsigned long *)freed)
		return NOTIFY_OK;
	if (!READ_ONCE(ksm_pressure_heard) || current == READ_ONCE(runner) ||
	    ksm_mms_empty() || ksm_lock_offlining() || in_vain)
		return NOTIFY_OK;
	while (came <= 0 && tries-- && !looks_barren() &&
	       (has_gained() || __ratelimit(&chances))) {
		WRITE_ONCE(urgent, true);
		ksm_wake();
		/* Done, as far as that goes, or to be killed. */
		if (wait_event_killable_timeout(waiters, came_in(before), PRESSURE_WAIT))
			tries = 0;
		came = READ_ONCE(ksm_stats.pressure_freed) - before;
	}
	*(unsigned long *)freed += max(came, 0L);
	return NOTIFY_OK;
}

static struct notifier_block oom_notifier = {
	.notifier_call = before_oom,
	/* Others need not wait. */
	.priority = -1,
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
