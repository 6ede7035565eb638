// SPDX-License-Identifier: GPL-2.0
/*
 * Counters and the figures derived from them.  Read without a lock: each is
 * right by itself, and all agree when ksmd rests.
 */
#include <linux/list.h>
#include <linux/sched.h>

#include "internal.h"

/**
 * ksm_stats_bytes - tell how much memory KSM uses for itself
 *
 * Return: bytes.
 */
unsigned long ksm_stats_bytes(void)
{
	return atomic_long_read(&ksm_stats.bytes);
}

/**
 * ksm_stats_profit - tell how much memory KSM saves
 *
 * Return: bytes; negative if it costs more than it saves.
 */
long ksm_stats_profit(void)
{
	long pages = READ_ONCE(ksm_stats.sharing) + atomic_long_read(&ksm_zero_pages);

	return pages * (long)PAGE_SIZE - (long)ksm_stats_bytes();
}

/**
 * ksm_stats_offered - tell how much memory processes have offered
 *
 * Context: ksm_mutex held, may sleep; takes time in proportion to their VMAs.
 * Return: pages, whether they are there or not.
 */
unsigned long ksm_stats_offered(void)
{
	struct ksm_mm *kmm = NULL;
	unsigned long pages = 0;

	while ((kmm = ksm_mms_next_registered(kmm))) {
		/* One that was found idle may be registered anew. */
		if (list_empty(&kmm->dead) && ksm_mm_enter(kmm)) {
			pages += ksm_vma_offered(kmm->slot.mm);
			ksm_mm_leave(kmm);
		}
		cond_resched();
	}
	return pages;
}

#ifdef CONFIG_PROC_FS
/**
 * ksm_process_profit - tell how much memory KSM saves in a process
 * @mm: process
 *
 * Return: bytes; negative if it costs more than it saves.
 */
long ksm_process_profit(struct mm_struct *mm)
{
	long pages = READ_ONCE(mm->ksm_merging_pages) + mm_ksm_zero_pages(mm);

	return pages * (long)PAGE_SIZE - (long)ksm_mm_bytes(mm);
}
#endif
