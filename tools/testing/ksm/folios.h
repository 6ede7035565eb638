/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Included before the rooms that include internal.h, for the inline functions of pte.h
 * that come with it.  What is declared here is defined nowhere: if a room calls it, the
 * program does not link.
 */
#ifndef _KSM_TEST_FOLIOS_H
#define _KSM_TEST_FOLIOS_H

#include <linux/mm.h>

#define PAGE_MAPPING_ANON	1UL

enum pageflags {
	PG_head,
	PG_swapbacked,
	PG_hwpoison,
};

#define __PG_HWPOISON		BIT(PG_hwpoison)

struct pte {
	unsigned long pte;
};

struct folio *page_folio(struct page *page);
bool PageHWPoison(const struct page *page);
bool folio_is_zone_device(const struct folio *folio);
bool folio_maybe_dma_pinned(struct folio *folio);
bool folio_test_dirty(const struct folio *folio);
bool folio_test_has_hwpoisoned(const struct folio *folio);
void folio_set_dirty(struct folio *folio);
pte_t pte_mkclean(pte_t pte);
pte_t ptep_get_and_clear(struct mm_struct *mm, unsigned long addr, pte_t *ptep);
void set_pte_at(struct mm_struct *mm, unsigned long addr, pte_t *ptep, pte_t pte);

#endif /* _KSM_TEST_FOLIOS_H */
