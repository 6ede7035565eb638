// SPDX-License-Identifier: GPL-2.0
/* A module as others write them: built against the package of headers, it must load. */
#include <linux/mm.h>
#include <linux/module.h>

static int __init deb_check_init(void)
{
	pr_info("deb_check: %lu pages\n", totalram_pages());
	return 0;
}

static void __exit deb_check_exit(void)
{
}

module_init(deb_check_init);
module_exit(deb_check_exit);
MODULE_DESCRIPTION("Check of the package of headers");
MODULE_LICENSE("GPL");
