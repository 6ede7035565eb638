/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_PREFETCH_H
#define _KSM_TEST_LINUX_PREFETCH_H

#define prefetch(addr) __builtin_prefetch(addr)

#endif /* _KSM_TEST_LINUX_PREFETCH_H */
