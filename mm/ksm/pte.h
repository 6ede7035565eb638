/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VMAs, page tables and what they map, as ksmd reaches them.
 */
#ifndef _MM_KSM_PTE_H
#define _MM_KSM_PTE_H

#include <linux/mm.h>

#include "tile.h"

struct ksm_budget;

/* eligible.c */
bool ksm_eligible_flags(vm_flags_t vm_flags);
bool ksm_eligible_to_mark(struct vm_area_struct *vma);
bool ksm_eligible_vma(struct vm_area_struct *vma);

/**
 * ksm_eligible_folio - tell whether a page is worth a look
 * @folio: its folio, looked up once for all
 * @page: page, mapped and its page table locked, or referenced
 *
 * Leaves out what a merge would refuse anyway.
 *
 * Return: true if it is anonymous, no KSM page yet, and not in special use.
 */
static inline bool ksm_eligible_folio(struct folio *folio, struct page *page)
{
	unsigned long mapping = (unsigned long)READ_ONCE(folio->mapping);
	unsigned long flags = READ_ONCE(folio->flags);

	if ((mapping & PAGE_MAPPING_FLAGS) != PAGE_MAPPING_ANON)
		return false;
	/* MADV_FREE makes a folio one that is not backed by swap. */
	if ((flags & (BIT(PG_swapbacked) | __PG_HWPOISON)) != BIT(PG_swapbacked))
		return false;
	/* A page of a large folio is not to be read if another is bad: which, who knows. */
	if ((flags & BIT(PG_head)) &&
	    (PageHWPoison(page) || folio_test_has_hwpoisoned(folio)))
		return false;
	return !folio_is_zone_device(folio) && !folio_maybe_dma_pinned(folio);
}

static inline bool ksm_eligible_page(struct page *page)
{
	return ksm_eligible_folio(page_folio(page), page);
}

/* vma.c */

/**
 * struct ksm_item - one mapped page that ksmd works on
 * @vma: VMA, locked against changes
 * @tile: tile of the page
 * @nr: place in the tile
 * @clean: its PTE was clean when it was visited, or when its fingerprint was taken: if it
 *	   is dirty now, the page was written since
 * @page: the page, one reference held
 * @pmdp: its PMD entry, once that is known.  Splits and collapses change what it maps,
 *	  but the table that it is in is freed with its VMAs only, whose locks that
 *	  takes for writing: so it stays while @vma is locked
 */
struct ksm_item {
	struct vm_area_struct *vma;
	struct ksm_tile *tile;
	unsigned int nr;
	bool clean;
	struct page *page;
	pmd_t *pmdp;
};

static inline unsigned long ksm_item_addr(const struct ksm_item *item)
{
	return ksm_tile_addr(item->tile, item->nr);
}

/* VMAs to lock at a time. */
#define KSM_MAX_VMAS		16

/**
 * struct ksm_vmas - locked VMAs of a process, by address
 * @nr: how many
 * @vma: each; if there are several, those before the last end within what one PMD entry
 *	 maps
 */
struct ksm_vmas {
	unsigned int nr;
	struct vm_area_struct *vma[KSM_MAX_VMAS];
};

/* The one of an address that is in one of them. */
static inline struct vm_area_struct *ksm_vmas_at(const struct ksm_vmas *vmas,
						 unsigned long addr)
{
	struct vm_area_struct *const *vma = vmas->vma;

	while (addr >= (*vma)->vm_end)
		vma++;
	return *vma;
}

/**
 * struct ksm_walk - a walk over the VMAs of a process
 * @kmm: process
 * @vmas: those that are locked
 * @vmi: where it is
 * @from: no VMA is mergeable from here on
 * @found: to this one; NULL if none follows
 * @seq: as long as that goes for it, see vma.c
 * @whole: all will have been walked over when it comes to its end
 */
struct ksm_walk {
	struct ksm_mm *kmm;
	struct ksm_vmas vmas;
	struct vma_iterator vmi;
	unsigned long from;
	struct vm_area_struct *found;
	unsigned int seq;
	bool whole;
};

struct ksm_tile *ksm_vma_tile_at(struct vm_area_struct *vma, unsigned long addr,
				 struct ksm_tile **at);
struct ksm_tile *ksm_vma_tile_get(struct ksm_mm *kmm, struct vm_area_struct *vma,
				  unsigned long addr, struct ksm_tile *at);
struct ksm_tile *ksm_vma_tile(struct ksm_mm *kmm, struct vm_area_struct *vma,
			      unsigned long addr);
bool ksm_vma_fits(struct vm_area_struct *vma, struct ksm_tile *tile);
struct vm_area_struct *ksm_vma_lock(struct mm_struct *mm, unsigned long addr);
void ksm_vma_unlock(struct vm_area_struct *vma);
bool ksm_vma_contended(struct vm_area_struct *vma);
void ksm_vma_begin(struct ksm_walk *walk, struct ksm_mm *kmm, bool whole);
unsigned long ksm_vma_first(struct ksm_mm *kmm);
struct vm_area_struct *ksm_vma_lock_next(struct ksm_walk *walk, unsigned long *addr,
					 struct ksm_budget *budget);
void ksm_vma_unlock_all(const struct ksm_vmas *vmas);
bool ksm_vma_any_contended(const struct ksm_vmas *vmas);
unsigned long ksm_vma_offered(struct mm_struct *mm);
unsigned long ksm_vma_skip(struct mm_struct *mm, unsigned long addr,
			   unsigned int order);

/* pte.c */
pmd_t *ksm_pte_find_pmd(struct mm_struct *mm, unsigned long addr,
			unsigned long *next);
struct page *ksm_pte_get_page(struct ksm_item *item);

/* Move the dirty bit of a PTE, whose page table is locked, to the folio. */
static inline void ksm_pte_clean(struct mm_struct *mm, unsigned long addr, pte_t *ptep,
				 struct folio *folio)
{
	pte_t pte;

	/* All that folio_mark_dirty() does for an anonymous folio. */
	if (!folio_test_dirty(folio))
		folio_set_dirty(folio);
	/* This one only, also where a TLB entry serves several. */
	pte = ptep_get_and_clear(mm, addr, ptep);
	set_pte_at(mm, addr, ptep, pte_mkclean(pte));
}

int ksm_pte_protect(struct ksm_item *item, pte_t *protected);
int ksm_pte_replace(struct ksm_item *item, struct page *kpage, pte_t protected);
int ksm_pte_merge(struct ksm_item *item, struct page *kpage);
int ksm_pte_unshare(struct ksm_item *item);
void ksm_pte_exchange(struct vm_area_struct *vma, unsigned long addr, pte_t *ptep,
		      pte_t old, struct page *page, struct page *kpage);
bool ksm_pte_maps(struct folio *folio, struct vm_area_struct *vma,
		  unsigned long addr);

#endif /* _MM_KSM_PTE_H */
