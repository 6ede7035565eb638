/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_KSM_H
#define _KSM_TEST_LINUX_KSM_H

#include <linux/atomic.h>

/* The entry points of KSM are not part of the pure rooms. */
extern atomic_long_t ksm_zero_pages;

#endif /* _KSM_TEST_LINUX_KSM_H */
