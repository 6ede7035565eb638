// SPDX-License-Identifier: GPL-2.0
/*
 * ksmd: when there is something to do, and when it sleeps.
 */
#include <linux/err.h>
#include <linux/freezer.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sched/cputime.h>
#include <linux/wait.h>

#include "internal.h"

static struct task_struct *thread;

/* What ksmd does beside scanning: when it is due next, and how often. */
#define KSMD_RESUME_MSECS	20U
#define KSMD_STARVED_JIFFIES	max(HZ / 50, 1)
#define KSMD_REAP_JIFFIES	max(HZ / 100, 1)
#define KSMD_WATCH_JIFFIES	max(HZ / 4, 1)
#define KSMD_MAX_WATCH_JIFFIES	(64 * HZ)
#define KSMD_WATCH_VISITS	(64 * 1024)
#define KSMD_WATCH_HELD		4096

/* Not so long that a time to come can be mistaken for one that has been. */
#define KSMD_MAX_SLEEP_JIFFIES	(24UL * 3600 * HZ)

static bool should_scan(void)
{
	return (READ_ONCE(ksm_knobs.run) & KSM_RUN_MERGE) &&
	       ksm_pace_pages() && !ksm_mms_empty();
}

/* ksmd's clock; nobody else looks at it. */
static struct {
	unsigned long batch;		/* jiffies: when the next one is due */
	unsigned long pass;		/* jiffies: and if there is nothing new to find */
	unsigned long pressure;		/* jiffies: not before that, while memory runs short */
	unsigned int kicks;
	bool asked;			/* the last batch was for who had asked */
	bool watching;			/* there were watched nodes */
	unsigned long watch;		/* jiffies: when to look at them */
	unsigned long watch_interval;
} clock;

/* Jiffies when the next batch is due. */
static unsigned long next_batch(void)
{
	return ksm_pace_gap() ? clock.pass : clock.batch;
}

static bool batch_is_due(void)
{
	return should_scan() && ksm_fingerprint_drawn &&
	       (clock.kicks != READ_ONCE(ksmd_kicks) ||
		time_after_eq(jiffies, next_batch()));
}

static void do_batch(void)
{
	unsigned int kicks = READ_ONCE(ksmd_kicks), pause;
	bool budgeted = ksm_pace_budgeted();
	struct ksm_budget budget;
	enum ksm_scan_end end;
	u64 before = 0, after;

	if (clock.kicks != kicks)
		ksm_pace_news();
	clock.kicks = kicks;
	clock.asked = false;
	if (budgeted)
		before = task_sched_runtime(current);
	budget = ksm_scan_budget();
	ksm_scan_fresh(&budget);
	end = ksm_scan_batch(&budget);
	if (budgeted) {
		/* What it has done beside that counts, too. */
		after = task_sched_runtime(current);
		ksm_pace_spend(after, ktime_get_ns(), after - before);
	}
	pause = ksm_pace_pause();
	/* A long pause is not to begin because of somebody who was there for a moment. */
	if (end == KSM_SCAN_DISTURBED)
		pause = ksm_pace_resume(KSMD_RESUME_MSECS);
	clock.batch = jiffies + msecs_to_jiffies(pause);
	if (end == KSM_SCAN_PASS)
		pause = max(pause, ksm_pace_gap());
	clock.pass = jiffies + msecs_to_jiffies(pause);
}

static bool pressure_is_due(void)
{
	return ksm_pressure_due() && should_scan() && ksm_fingerprint_drawn &&
	       time_after_eq(jiffies, clock.pressure);
}

/* Others come in between two batches; those whose locks were in the way run first. */
static void do_pressure_batch(void)
{
	struct ksm_pressure_batch batch;
	struct ksm_budget budget;
	enum ksm_scan_end end;

	ksm_pressure_begin_batch(&batch);
	budget = ksm_scan_budget();
	end = ksm_scan_batch(&budget);
	if (ksm_pressure_end_batch(&batch))
		clock.pressure = jiffies + KSMD_STARVED_JIFFIES;
	if (end == KSM_SCAN_DISTURBED)
		ksm_lock_let_them_run();
}

/* In turns with the batches that are due, unless they wait for somebody. */
static bool request_is_due(void)
{
	return !ksm_merge_now_due() && ksm_fingerprint_drawn &&
	       !(clock.asked && batch_is_due());
}

static void do_request(void)
{
	ksm_merge_now_batch();
	clock.asked = true;
}

/* Is there anything that may be given up without a pass? */
static bool may_watch(void)
{
	return !ksm_unmerge_all_goes_on() &&
	       (ksm_watch_any() || READ_ONCE(ksm_stats.uniform));
}

/* Nodes that wait for their folio to go: often after an exit, else ever more rarely. */
static void do_watch(void)
{
	struct ksm_budget budget = {
		.reads = 1,
		.visits = KSMD_WATCH_VISITS,
	};

	if (time_before(jiffies, clock.watch))
		return;
	if (ksm_reap_watched(&budget))
		clock.watch_interval = min(2 * clock.watch_interval,
					   KSMD_MAX_WATCH_JIFFIES);
	ksm_reap_held(KSMD_WATCH_HELD);
	clock.watch = jiffies + clock.watch_interval;
}

static long time_to_sleep(void)
{
	unsigned long next = jiffies + min(ksm_merge_now_due(), KSMD_MAX_SLEEP_JIFFIES);

	if (should_scan() && time_before(next_batch(), next))
		next = next_batch();
	if (ksm_pressure_due() && time_before(clock.pressure, next))
		next = clock.pressure;
	if (may_watch() && time_before(clock.watch, next))
		next = clock.watch;
	/* An exit that has not come to its end. */
	if (ksm_mms_dead() && time_before(jiffies + KSMD_REAP_JIFFIES, next))
		next = jiffies + KSMD_REAP_JIFFIES;
	return time_after(next, jiffies) && !pressure_is_due() ? next - jiffies : 0;
}

/* An exit may have left nodes to be looked at: soon, and not later for each of many. */
static void watch_soon(void)
{
	unsigned long soon = jiffies + KSMD_WATCH_JIFFIES;

	clock.watch_interval = KSMD_WATCH_JIFFIES;
	if (!clock.watching || time_after(clock.watch, soon))
		clock.watch = soon;
}

static int ksmd(void *unused)
{
	set_freezable();
	set_user_nice(current, 5);
	ksm_pressure_set_runner(current);
	clock.batch = jiffies;
	clock.pass = jiffies;
	clock.pressure = jiffies;
	clock.watch = jiffies;
	clock.watch_interval = KSMD_WATCH_JIFFIES;

	while (!kthread_should_stop()) {
		bool more, random;

		/* Before anything is looked at: what comes after that is seen next time. */
		smp_store_mb(ksmd_woken, false);
		if (time_before(clock.batch, jiffies))
			clock.batch = jiffies;
		if (time_before(clock.pass, jiffies))
			clock.pass = jiffies;
		if (time_before(clock.pressure, jiffies))
			clock.pressure = jiffies;
		/* Whoever comes early after the boot waits for the random generator. */
		random = ksm_fingerprint_drawn ||
			 ((should_scan() || !ksm_merge_now_due()) && !wait_for_random_bytes());
		mutex_lock(&ksm_mutex);
		if (random && !ksm_fingerprint_drawn)
			ksm_fingerprint_draw();
		if (ksm_lock_wanted())
			ksm_lock_give_way();
		ksm_lock_wait_offlining();
		if (ksm_mms_news() || (ksm_watch_any() && !clock.watching))
			watch_soon();
		clock.watching = ksm_watch_any();
		/* Reaping must not add scanning: one batch for each pause. */
		more = ksm_reap_dead();
		if (ksm_pressure_due() && !should_scan())
			ksm_pressure_cancel();
		if (!more && pressure_is_due())
			do_pressure_batch();
		else if (!more && request_is_due())
			do_request();
		else if (!more && batch_is_due())
			do_batch();
		if (!more && may_watch())
			do_watch();
		mutex_unlock(&ksm_mutex);

		cond_resched();
		/* A timeout of zero never reaches the freezer. */
		try_to_freeze();
		if (!more)
			wait_event_freezable_timeout(ksmd_wait,
						     READ_ONCE(ksmd_woken) ||
						     batch_is_due() ||
						     pressure_is_due() ||
						     !ksm_merge_now_due() ||
						     kthread_should_stop(),
						     time_to_sleep());
	}
	return 0;
}

/**
 * ksmd_start - start the thread
 *
 * Return: 0 or an error.
 */
int __init ksmd_start(void)
{
	thread = kthread_run(ksmd, NULL, "ksmd");
	return PTR_ERR_OR_ZERO(thread);
}

/**
 * ksmd_stop - stop the thread, and wait for its end
 */
void __init ksmd_stop(void)
{
	kthread_stop(thread);
}
