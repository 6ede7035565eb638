/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_WAIT_H
#define _KSM_TEST_LINUX_WAIT_H

/* Nobody waits: there is one thread. */
struct wait_queue_head {
};

#define wait_queue_head_t		struct wait_queue_head

#define DECLARE_WAIT_QUEUE_HEAD(name)	wait_queue_head_t name

static inline void wake_up_interruptible(wait_queue_head_t *queue)
{
}

#endif /* _KSM_TEST_LINUX_WAIT_H */
