/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_JIFFIES_H
#define _KSM_TEST_LINUX_JIFFIES_H

#include <linux/ktime.h>

#define HZ		1000
#define jiffies		((unsigned long)(ktime_get() / (NSEC_PER_SEC / HZ)))

#endif /* _KSM_TEST_LINUX_JIFFIES_H */
