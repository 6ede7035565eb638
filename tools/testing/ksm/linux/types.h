/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_TYPES_H
#define _KSM_TEST_LINUX_TYPES_H

#include "../../../include/linux/types.h"

/*
 * u64 is unsigned long in tools/ on a 64-bit host, but unsigned long long in the kernel,
 * which matters to format strings and min().
 */
#define u64		__u64
#define s64		__s64

#define u128		unsigned __int128

#define pgoff_t		unsigned long
#define vm_flags_t	unsigned long

#endif /* _KSM_TEST_LINUX_TYPES_H */
