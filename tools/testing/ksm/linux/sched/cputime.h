/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_SCHED_CPUTIME_H
#define _KSM_TEST_LINUX_SCHED_CPUTIME_H

#include <linux/ktime.h>
#include <linux/sched.h>

static inline u64 task_sched_runtime(struct task_struct *task)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

#endif /* _KSM_TEST_LINUX_SCHED_CPUTIME_H */
