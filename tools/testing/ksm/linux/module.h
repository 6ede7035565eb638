/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_MODULE_H
#define _KSM_TEST_LINUX_MODULE_H

#include <linux/export.h>

#define MODULE_DESCRIPTION(...)
#define MODULE_LICENSE(...)

#endif /* _KSM_TEST_LINUX_MODULE_H */
