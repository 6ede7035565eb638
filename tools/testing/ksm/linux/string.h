/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_STRING_H
#define _KSM_TEST_LINUX_STRING_H

#include <string.h>

#include <linux/types.h>

static inline void strscpy(char *to, const char *from, size_t size)
{
	snprintf(to, size, "%s", from);
}

#endif /* _KSM_TEST_LINUX_STRING_H */
