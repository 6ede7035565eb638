// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that is taken offline: ksmd stands still meanwhile.
 */
#include <linux/bitops.h>
#include <linux/init.h>
#include <linux/memory.h>
#include <linux/wait_bit.h>

#include "internal.h"

static void stop_offlining(void)
{
	mutex_lock(&ksm_mutex);
	clear_bit(KSM_OFFLINING_BIT, &ksm_lock_offline_bits);
	mutex_unlock(&ksm_mutex);
	/* Orders the bit before the look for waiters. */
	smp_mb__after_atomic();
	wake_up_bit(&ksm_lock_offline_bits, KSM_OFFLINING_BIT);
}

/* From GOING_OFFLINE on, ksmd stays away from nodes whose frames may vanish. */
static int memory_callback(struct notifier_block *self, unsigned long action,
			   void *arg)
{
	struct memory_notify *notify = arg;

	switch (action) {
	case MEM_GOING_OFFLINE:
		ksm_lock_soon();
		set_bit(KSM_OFFLINING_BIT, &ksm_lock_offline_bits);
		mutex_unlock(&ksm_mutex);
		break;
	case MEM_OFFLINE:
		ksm_lock_soon();
		ksm_chain_offline(notify->start_pfn,
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
