/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_HIGHMEM_H
#define _KSM_TEST_LINUX_HIGHMEM_H

#include <linux/mm.h>

static inline void *kmap_local_page(const struct page *page)
{
	return page_address(page);
}

static inline void kunmap_local(const void *addr)
{
}

#endif /* _KSM_TEST_LINUX_HIGHMEM_H */
