/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_MATH_H
#define _KSM_TEST_LINUX_MATH_H

#include "../../../include/linux/math.h"

#define abs_diff(a, b) ({			\
	typeof(a) __a = (a);			\
	typeof(b) __b = (b);			\
	(void)(&__a == &__b);			\
	__a > __b ? __a - __b : __b - __a; })

#endif /* _KSM_TEST_LINUX_MATH_H */
