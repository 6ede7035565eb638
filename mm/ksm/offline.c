// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that is taken offline: ksmd stands still meanwhile.
 */
#include <linux/init.h>
#include <linux/memory.h>
#include <linux/mutex.h>

#include "internal.h"

/* From GOING_OFFLINE on, ksmd stays away from nodes whose frames may vanish. */
static int memory_callback(struct notifier_block *self, unsigned long action,
			   void *arg)
{
	struct memory_notify *notify = arg;

	switch (action) {
	case MEM_GOING_OFFLINE:
		ksm_lock_soon();
		ksm_lock_begin_offlining();
		ksm_frame_drain();
		mutex_unlock(&ksm_mutex);
		break;
	case MEM_OFFLINE:
		ksm_lock_soon();
		ksm_chain_offline(notify->start_pfn,
				  notify->start_pfn + notify->nr_pages);
		mutex_unlock(&ksm_mutex);
		ksm_lock_end_offlining();
		break;
	case MEM_CANCEL_OFFLINE:
		ksm_lock_end_offlining();
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
