/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What has been offered of late.
 */
#ifndef _MM_KSM_FRESH_H
#define _MM_KSM_FRESH_H

#include <linux/list.h>
#include <linux/types.h>

#include "registry.h"

/**
 * struct ksm_fresh - what a process has offered of late
 * @link: in the list of them
 * @kmm: process
 * @due: jiffies: when the walk through it goes on
 * @pause: before the next walk, in milliseconds
 * @start: address where walks begin
 * @end: and where they end
 * @more: more was offered since
 * @turn: how far the walk has come
 */
struct ksm_fresh {
	struct list_head link;
	struct ksm_mm *kmm;
	unsigned long due;
	unsigned int pause;
	unsigned long start;
	unsigned long end;
	bool more;
	struct ksm_scan_turn turn;
};

void ksm_fresh_add(struct mm_struct *mm, unsigned long start, unsigned long end);
struct ksm_fresh *ksm_fresh_next(void);
bool ksm_fresh_pause(struct ksm_fresh *fresh);
void ksm_fresh_end(struct ksm_mm *kmm);

#endif /* _MM_KSM_FRESH_H */
