/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_SCHED_CLOCK_H
#define _KSM_TEST_LINUX_SCHED_CLOCK_H

#include <time.h>

#include <linux/types.h>

static inline u64 local_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * 1000000000 + (u64)now.tv_nsec;
}

#endif /* _KSM_TEST_LINUX_SCHED_CLOCK_H */
