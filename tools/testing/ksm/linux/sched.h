/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_SCHED_H
#define _KSM_TEST_LINUX_SCHED_H

struct task_struct;

/* There is one thread. */
#define current		((struct task_struct *)NULL)

static inline void cond_resched(void)
{
}

#endif /* _KSM_TEST_LINUX_SCHED_H */
