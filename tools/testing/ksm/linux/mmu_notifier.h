/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_MMU_NOTIFIER_H
#define _KSM_TEST_LINUX_MMU_NOTIFIER_H

#include <linux/mm_types.h>

bool mm_has_live_notifiers(struct mm_struct *mm);

#endif /* _KSM_TEST_LINUX_MMU_NOTIFIER_H */
