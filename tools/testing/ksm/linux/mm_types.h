/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_MM_TYPES_H
#define _KSM_TEST_LINUX_MM_TYPES_H

#include <linux/bits.h>
#include <linux/types.h>

#define PAGE_SHIFT	12
#define PAGE_SIZE	BIT(PAGE_SHIFT)

struct anon_vma;
struct kmem_cache;

/* Never defined: a pointer to a page points to its bytes, see page_address(). */
struct page;

/* No folio exists here: see others.c. */
struct folio {
	void *mapping;
};

struct mm_struct {
	unsigned long ksm_merging_pages;
	unsigned long ksm_rmap_items;
};

#endif /* _KSM_TEST_LINUX_MM_TYPES_H */
