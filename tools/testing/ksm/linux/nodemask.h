/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_NODEMASK_H
#define _KSM_TEST_LINUX_NODEMASK_H

#include <linux/numa.h>

/* More than one, so that an array of indexes has bounds to overrun. */
#define nr_node_ids	4U

#endif /* _KSM_TEST_LINUX_NODEMASK_H */
