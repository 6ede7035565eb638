/* SPDX-License-Identifier: GPL-2.0 */
/* Included before every source file, as Kbuild does with the configuration. */
#define CONFIG_NODES_SHIFT	10	/* The largest, which leaves the shortest keys. */

#ifdef __x86_64__
#define CONFIG_X86_64		1
#endif

#include <linux/kconfig.h>
#include <linux/kernel.h>
#include <linux/types.h>
