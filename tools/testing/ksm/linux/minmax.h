/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_MINMAX_H
#define _KSM_TEST_LINUX_MINMAX_H

#include <linux/kernel.h>
#include <linux/overflow.h>

/* Those of tools/ check types by other rules than the kernel. */
#undef min
#undef max
#undef min_t
#undef max_t
#undef clamp

#define statically_true(x)	(__builtin_constant_p(x) && (x))

#define __UNIQUE_ID(prefix)	__PASTE(__PASTE(__UNIQUE_ID_, prefix), __COUNTER__)

#include "../../../../include/linux/minmax.h"

#endif /* _KSM_TEST_LINUX_MINMAX_H */
