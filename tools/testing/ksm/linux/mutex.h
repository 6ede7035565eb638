/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_MUTEX_H
#define _KSM_TEST_LINUX_MUTEX_H

#include <linux/kernel.h>

struct mutex {
	bool locked;
};

#define DEFINE_MUTEX(name)	struct mutex name

/* There is one thread: waiting would be a deadlock. */
static inline void mutex_lock(struct mutex *lock)
{
	assert(!lock->locked);
	lock->locked = true;
}

static inline void mutex_unlock(struct mutex *lock)
{
	assert(lock->locked);
	lock->locked = false;
}

#endif /* _KSM_TEST_LINUX_MUTEX_H */
