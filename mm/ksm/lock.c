// SPDX-License-Identifier: GPL-2.0
/*
 * Locks that others must not wait long for: ksm_mutex, first of all.
 *
 * ksmd holds it for a batch, and run=2 until everything is unmerged.  Who needs it
 * sooner asks for it; the holders look at ksm_lock_wanted() often, and give way.
 */
#include <linux/bitops.h>
#include <linux/delay.h>
#include <linux/mutex.h>
#include <linux/wait_bit.h>

#include "internal.h"

/* How often to try, and microseconds in between. */
#define KSM_SOON_TRIES	50
#define KSM_SOON_USECS	1000

atomic_t ksm_lock_waiting = ATOMIC_INIT(0);

#ifdef CONFIG_MEMORY_HOTREMOVE
/* One bit: memory is being taken offline, and ksmd stands still. */
static unsigned long offlining;

#define OFFLINING_BIT	0
#endif

/**
 * ksm_lock_try_soon - take ksm_mutex, or give up after a while
 *
 * Context: may sleep, for some 50 ms at the most.
 * Return: true if ksm_mutex is held now.
 */
bool ksm_lock_try_soon(void)
{
	int tries = KSM_SOON_TRIES;
	bool locked;

	if (mutex_trylock(&ksm_mutex))
		return true;
	atomic_inc(&ksm_lock_waiting);
	do {
		usleep_range(KSM_SOON_USECS / 2, KSM_SOON_USECS);
		locked = mutex_trylock(&ksm_mutex);
	} while (!locked && --tries);
	atomic_dec(&ksm_lock_waiting);
	return locked;
}

/**
 * ksm_lock_soon - take ksm_mutex, and have who holds it for long give way
 *
 * Context: may sleep.
 */
void ksm_lock_soon(void)
{
	atomic_inc(&ksm_lock_waiting);
	mutex_lock(&ksm_mutex);
	atomic_dec(&ksm_lock_waiting);
}

/**
 * ksm_lock_let_them_run - have those run who wait for a lock that has been dropped
 *
 * A lock for readers would be had again at once, or be found taken for the moment that
 * it takes to wake a writer.
 *
 * Context: may sleep.
 */
void ksm_lock_let_them_run(void)
{
	usleep_range(20, 50);
}

/**
 * ksm_lock_give_way - drop ksm_mutex for who asks for it, and take it again
 *
 * Call it when ksm_lock_wanted() says so.  Meanwhile processes may exit and be freed, and
 * memory may be taken offline; ksm_lock_wait_offlining() is for the caller to
 * call.
 *
 * Context: ksm_mutex held, and nothing else that the other may want; may sleep.
 */
void ksm_lock_give_way(void)
{
	mutex_unlock(&ksm_mutex);
	/* Long enough for a try, and then it is in the hands of the mutex. */
	usleep_range(2 * KSM_SOON_USECS, 3 * KSM_SOON_USECS);
	mutex_lock(&ksm_mutex);
}

#ifdef CONFIG_MEMORY_HOTREMOVE
/**
 * ksm_lock_offlining - tell whether memory is being taken offline
 *
 * Return: true if so; a hint unless ksm_mutex is held.
 */
bool ksm_lock_offlining(void)
{
	return READ_ONCE(offlining);
}

/**
 * ksm_lock_begin_offlining - have ksmd, and writers of knobs, stand still
 *
 * Context: ksm_mutex held.
 */
void ksm_lock_begin_offlining(void)
{
	set_bit(OFFLINING_BIT, &offlining);
}

/**
 * ksm_lock_end_offlining - have them go on
 *
 * Context: takes ksm_mutex.
 */
void ksm_lock_end_offlining(void)
{
	mutex_lock(&ksm_mutex);
	clear_bit(OFFLINING_BIT, &offlining);
	mutex_unlock(&ksm_mutex);
	/* Orders the bit before the look for waiters. */
	smp_mb__after_atomic();
	wake_up_bit(&offlining, OFFLINING_BIT);
}

/**
 * ksm_lock_wait_offlining - wait until no memory is being taken offline
 *
 * Context: ksm_mutex held; dropped while it waits.
 */
void ksm_lock_wait_offlining(void)
{
	while (ksm_lock_offlining()) {
		mutex_unlock(&ksm_mutex);
		wait_on_bit(&offlining, OFFLINING_BIT, TASK_UNINTERRUPTIBLE);
		mutex_lock(&ksm_mutex);
	}
}
#endif
