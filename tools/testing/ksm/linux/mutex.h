/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_MUTEX_H
#define _KSM_TEST_LINUX_MUTEX_H

#include <linux/kernel.h>

struct mutex {
	bool locked;
};

#define DEFINE_MUTEX(name)	struct mutex name

#endif /* _KSM_TEST_LINUX_MUTEX_H */
