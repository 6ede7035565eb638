// SPDX-License-Identifier: GPL-2.0
/*
 * What pages hold: the comparisons that every merge rests on.
 *
 * memcmp() takes some seven instructions a word, since it has to tell which side
 * is greater, and where.  These only tell whether there is a difference, a cache
 * line at a time: three instructions a word, and one for an empty page.
 */
#include <linux/cache.h>
#include <linux/highmem.h>
#include <linux/mm.h>

#include "fingerprint.h"

/* Words that are looked at together. */
#define KSM_STRIDE	8

/**
 * ksm_content_equal - tell whether two pages hold the same bytes
 * @a: PAGE_SIZE bytes, aligned to 8
 * @b: PAGE_SIZE bytes, aligned to 8
 *
 * Return: true if they do.
 */
bool ksm_content_equal(const void *a, const void *b)
{
	const u64 *x = a, *y = b, *end = a + PAGE_SIZE;

	for (; x < end; x += KSM_STRIDE, y += KSM_STRIDE)
		if ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) |
		    (x[4] ^ y[4]) | (x[5] ^ y[5]) | (x[6] ^ y[6]) | (x[7] ^ y[7]))
			return false;
	return true;
}

/**
 * ksm_content_empty - tell whether a page is full of zeroes
 * @addr: PAGE_SIZE bytes, aligned to 8
 *
 * Return: true if it is.
 */
bool ksm_content_empty(const void *addr)
{
	const u64 *x = addr, *end = addr + PAGE_SIZE;

	for (; x < end; x += KSM_STRIDE)
		if (x[0] | x[1] | x[2] | x[3] | x[4] | x[5] | x[6] | x[7])
			return false;
	return true;
}

/**
 * ksm_content_same - tell whether one page can stand for another
 * @page: page, referenced
 * @other: page, referenced, or the zero page
 *
 * Context: any.  A merge rests on it only if neither page can be written meanwhile.
 * Return: true if they hold the same bytes, and the architecture does not mind.
 */
bool ksm_content_same(struct page *page, struct page *other)
{
	const void *a, *b;
	bool equal;

	/* Pages with memory tags are never equal: the architecture knows them. */
	if (IS_ENABLED(CONFIG_ARM64_MTE))
		return pages_identical(page, other);

	a = kmap_local_page(page);
	if (is_zero_pfn(page_to_pfn(other))) {
		equal = ksm_content_empty(a);
	} else {
		b = kmap_local_page(other);
		equal = ksm_content_equal(a, b);
		kunmap_local(b);
	}
	kunmap_local(a);
	return equal;
}
