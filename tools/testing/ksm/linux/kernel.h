/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_KERNEL_H
#define _KSM_TEST_LINUX_KERNEL_H

#include <limits.h>
#include <stdio.h>

#include "../../../include/linux/kernel.h"

#include <linux/init.h>
#include <linux/minmax.h>

#define IS_ALIGNED(x, a)	(((x) & ((typeof(x))(a) - 1)) == 0)
#define ALIGN_DOWN(x, a)	round_down(x, a)

#define U64_MAX			((u64)~0ULL)

static inline void barrier_data(const void *ptr)
{
	asm volatile("" : : "r"(ptr) : "memory");
}

#endif /* _KSM_TEST_LINUX_KERNEL_H */
