// SPDX-License-Identifier: GPL-2.0
/*
 * What all rooms share: the mutex, the knobs, the counters, and how ksmd is woken.
 */
#include <linux/atomic.h>
#include <linux/kconfig.h>
#include <linux/ksm.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/wait.h>

#include "state.h"

/* See the lock order in internal.h. */
DEFINE_MUTEX(ksm_mutex);

struct ksm_knobs ksm_knobs = {
	/* Without sysfs nobody could start it. */
	.run = IS_ENABLED(CONFIG_SYSFS) ? KSM_RUN_STOP : KSM_RUN_MERGE,
	.pages_to_scan = KSM_PAGES_TO_SCAN_DEFAULT,
	.sleep_millisecs = 20,
	.max_page_sharing = 256,
	.prune_millisecs = 2000,
	.thp_split_threshold = 1,
	.merge_across_nodes = true,
	.smart_scan = true,
	.pressure_boost = true,
};

struct ksm_stats ksm_stats;
atomic_long_t ksm_zero_pages = ATOMIC_LONG_INIT(0);

DECLARE_WAIT_QUEUE_HEAD(ksmd_wait);
bool ksmd_woken;
unsigned int ksmd_kicks;
bool ksm_eager;
const struct ksm_mm *ksm_eager_for;
gfp_t ksm_gfp = KSM_GFP;

/**
 * ksm_wake - tell ksmd that there may be something to do
 *
 * Does not end its pause between two batches.
 */
void ksm_wake(void)
{
	WRITE_ONCE(ksmd_woken, true);
	wake_up_interruptible(&ksmd_wait);
}

/**
 * ksm_kick - tell ksmd that there is something new to find
 *
 * Ends its pause between two batches.
 */
void ksm_kick(void)
{
	WRITE_ONCE(ksmd_kicks, ksmd_kicks + 1);
	ksm_wake();
}

/**
 * ksm_volatile_pages - tell how many pages are tracked but in no tree
 *
 * Return: pages.
 */
unsigned long ksm_volatile_pages(void)
{
	long pages = READ_ONCE(ksm_stats.tracked) - READ_ONCE(ksm_stats.shared) -
		     READ_ONCE(ksm_stats.sharing) - READ_ONCE(ksm_stats.alone) -
		     READ_ONCE(ksm_stats.unshared);

	return max(pages, 0L);
}
