// SPDX-License-Identifier: GPL-2.0
/*
 * What sets everything going anew: a write to "run", and to knobs that decide what is in
 * which tree.
 */
#include <linux/mutex.h>
#include <linux/oom.h>

#include "internal.h"

/*
 * Held by writers that set everything going anew: run=2 drops ksm_mutex for a moment
 * now and then, and none of them may come in between.
 */
static DEFINE_MUTEX(writer_mutex);

static void lock_writers(void)
{
	mutex_lock(&writer_mutex);
	mutex_lock(&ksm_mutex);
	ksm_lock_wait_offlining();
}

static void unlock_writers(void)
{
	mutex_unlock(&ksm_mutex);
	mutex_unlock(&writer_mutex);
}

static int unmerge_all(void)
{
	int err;

	/*
	 * It leaves room for others, see ksm_room_make().  If they run out of memory
	 * all the same, then to end this is what helps them.
	 */
	set_current_oom_origin();
	err = ksm_unmerge_all();
	clear_current_oom_origin();
	if (err)
		WRITE_ONCE(ksm_knobs.run, KSM_RUN_STOP);
	else
		WRITE_ONCE(ksm_stats.full_scans, 0);
	return err;
}

/**
 * ksm_run_set - start ksmd, stop it, or stop it and unmerge everything
 * @run: KSM_RUN_STOP, KSM_RUN_MERGE or KSM_RUN_UNMERGE
 *
 * Context: process context, may sleep long.
 * Return: 0; -ENOMEM, or -ERESTARTSYS on a signal: then it is as after KSM_RUN_STOP, and
 *	   a part may be unmerged.
 */
int ksm_run_set(unsigned int run)
{
	bool changed;
	int err = 0;

	lock_writers();
	changed = ksm_knobs.run != run;
	if (changed) {
		WRITE_ONCE(ksm_knobs.run, run);
		ksm_pressure_listen();
		if (run == KSM_RUN_UNMERGE)
			err = unmerge_all();
	}
	unlock_writers();
	if (changed && run == KSM_RUN_MERGE)
		ksm_kick();
	else if (changed)
		/* Whoever waits for ksmd is told. */
		ksm_wake();
	return err;
}

/**
 * ksm_run_lock_unmerged - forget all, and keep things so while a knob is changed
 *
 * For knobs that decide what is in which tree: they change only while no page is merged.
 *
 * Context: process context, may sleep.
 * Return: 0, then ksm_mutex is held until ksm_run_unlock_unmerged(); or -EBUSY.
 */
int ksm_run_lock_unmerged(void)
{
	lock_writers();
	if (ksm_stats.shared) {
		unlock_writers();
		return -EBUSY;
	}
	ksm_unmerge_all_forget();
	return 0;
}

/**
 * ksm_run_unlock_unmerged - go on after ksm_run_lock_unmerged()
 */
void ksm_run_unlock_unmerged(void)
{
	unlock_writers();
	ksm_kick();
}
