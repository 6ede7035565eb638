/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_OVERFLOW_H
#define _KSM_TEST_LINUX_OVERFLOW_H

#include "../../../include/linux/overflow.h"

#define struct_size_t(type, member, count)	\
	struct_size((type *)NULL, member, count)

#endif /* _KSM_TEST_LINUX_OVERFLOW_H */
