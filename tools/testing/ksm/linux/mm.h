/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_MM_H
#define _KSM_TEST_LINUX_MM_H

#include <stdlib.h>

#include <linux/bitops.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/mm_types.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/string.h>

extern u8 zero_page[PAGE_SIZE];

static inline struct page *ZERO_PAGE(unsigned long addr)
{
	return (struct page *)zero_page;
}

static inline void *page_address(const struct page *page)
{
	return (void *)page;
}

static inline bool PageHighMem(const struct page *page)
{
	return false;
}

static inline unsigned long page_to_pfn(const struct page *page)
{
	return (unsigned long)page >> PAGE_SHIFT;
}

static inline bool is_zero_pfn(unsigned long pfn)
{
	return pfn == page_to_pfn(ZERO_PAGE(0));
}

static inline int page_to_nid(const struct page *page)
{
	return 0;
}

static inline struct page *alloc_page(gfp_t gfp)
{
	void *page = aligned_alloc(PAGE_SIZE, PAGE_SIZE);

	if (page && (gfp & __GFP_ZERO))
		memset(page, 0, PAGE_SIZE);
	return page;
}

static inline void __free_page(struct page *page)
{
	free(page);
}

#define PAGE_MAPPING_KSM	3UL
#define PAGE_MAPPING_FLAGS	3UL

/* Defined nowhere: for the branch of content.c that is left out. */
bool pages_identical(struct page *page, struct page *other);

#endif /* _KSM_TEST_LINUX_MM_H */
