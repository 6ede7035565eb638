// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that is taken offline: ksmd stands still meanwhile.
 */
#include <linux/bitops.h>
#include <linux/init.h>
#include <linux/memory.h>
#include <linux/wait_bit.h>

#include "ksm.h"

/**
 * ksm_wait_while_offlining - wait until no memory is being taken offline
 *
 * Context: ksm_mutex held; dropped while it waits.
 */
void ksm_wait_while_offlining(void)
{
	while (ksm_knobs.run & KSM_RUN_OFFLINE) {
		mutex_unlock(&ksm_mutex);
		wait_on_bit(&ksm_knobs.run, KSM_RUN_OFFLINE_BIT,
			    TASK_UNINTERRUPTIBLE);
		mutex_lock(&ksm_mutex);
	}
}

static void stop_offlining(void)
{
	mutex_lock(&ksm_mutex);
	clear_bit(KSM_RUN_OFFLINE_BIT, &ksm_knobs.run);
	mutex_unlock(&ksm_mutex);
	/* Orders the bit before the look for waiters. */
	smp_mb__after_atomic();
	wake_up_bit(&ksm_knobs.run, KSM_RUN_OFFLINE_BIT);
}

/* From GOING_OFFLINE on, ksmd stays away from nodes whose frames may vanish. */
static int memory_callback(struct notifier_block *self, unsigned long action,
			   void *arg)
{
	struct memory_notify *notify = arg;

	switch (action) {
	case MEM_GOING_OFFLINE:
		ksm_lock_soon();
		set_bit(KSM_RUN_OFFLINE_BIT, &ksm_knobs.run);
		mutex_unlock(&ksm_mutex);
		break;
	case MEM_OFFLINE:
		ksm_lock_soon();
		ksm_stable_offline(notify->start_pfn,
				   notify->start_pfn + notify->nr_pages);
		mutex_unlock(&ksm_mutex);
		stop_offlining();
		break;
	case MEM_CANCEL_OFFLINE:
		stop_offlining();
		break;
	}
	return NOTIFY_OK;
}

/**
 * ksm_offline_init - have KSM told when memory is taken offline
 */
void __init ksm_offline_init(void)
{
	hotplug_memory_notifier(memory_callback, KSM_CALLBACK_PRI);
}
