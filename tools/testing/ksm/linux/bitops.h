/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_BITOPS_H
#define _KSM_TEST_LINUX_BITOPS_H

#include "../../../include/linux/bitops.h"

static inline unsigned int __ffs64(u64 word)
{
	return __builtin_ctzll(word);
}

#endif /* _KSM_TEST_LINUX_BITOPS_H */
