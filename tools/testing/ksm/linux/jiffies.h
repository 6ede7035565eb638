/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_JIFFIES_H
#define _KSM_TEST_LINUX_JIFFIES_H

#include <time.h>

#include <linux/time64.h>

/* One a millisecond. */
static inline unsigned long jiffies_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * MSEC_PER_SEC + now.tv_nsec / NSEC_PER_MSEC;
}

#define jiffies		jiffies_now()

static inline unsigned int jiffies_to_msecs(unsigned long j)
{
	return j;
}

#endif /* _KSM_TEST_LINUX_JIFFIES_H */
