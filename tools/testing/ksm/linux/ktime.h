/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_KTIME_H
#define _KSM_TEST_LINUX_KTIME_H

#include <time.h>

#include <linux/types.h>

#define MSEC_PER_SEC	1000L
#define NSEC_PER_MSEC	1000000L
#define NSEC_PER_SEC	1000000000L

typedef s64 ktime_t;

static inline s64 clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * (s64)NSEC_PER_SEC + now.tv_nsec;
}

static inline ktime_t ktime_get(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static inline s64 ktime_ms_delta(ktime_t later, ktime_t earlier)
{
	return (later - earlier) / NSEC_PER_MSEC;
}

#endif /* _KSM_TEST_LINUX_KTIME_H */
