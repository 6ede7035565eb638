// SPDX-License-Identifier: GPL-2.0
/*
 * Page tables: PTEs of pages that are merged are found, write-protected and replaced.
 */
#include <linux/cacheflush.h>
#include <linux/highmem.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/mmu_notifier.h>
#include <linux/pgtable.h>
#include <linux/rmap.h>
#include <linux/swap.h>
#include <linux/vmstat.h>

#include <asm/tlbflush.h>

#include "../internal.h"
#include "internal.h"

/**
 * ksm_pte_find_pmd - find the PMD entry of an address
 * @mm: process; the VMA at @addr is locked
 * @addr: address
 * @next: set to where the entry ends, or the hole that stands there
 *
 * Return: the entry, perhaps an empty one, or NULL for a hole.
 */
pmd_t *ksm_pte_find_pmd(struct mm_struct *mm, unsigned long addr, unsigned long *next)
{
	pgd_t *pgd = pgd_offset(mm, addr);
	p4d_t *p4d;
	pud_t *pud;

	*next = pgd_addr_end(addr, ULONG_MAX);
	if (pgd_none(READ_ONCE(*pgd)))
		return NULL;
	p4d = p4d_offset(pgd, addr);
	*next = p4d_addr_end(addr, *next);
	if (p4d_none(READ_ONCE(*p4d)))
		return NULL;
	pud = pud_offset(p4d, addr);
	*next = pud_addr_end(addr, *next);
	if (!pud_present(READ_ONCE(*pud)) || pud_leaf(READ_ONCE(*pud)))
		return NULL;
	*next = pmd_addr_end(addr, *next);
	return pmd_offset(pud, addr);
}

/* The PMD entry of an item is looked up once. */
static pmd_t *item_pmd(struct ksm_item *item)
{
	unsigned long next;

	if (!item->pmdp)
		item->pmdp = ksm_pte_find_pmd(item->vma->vm_mm, ksm_item_addr(item),
					      &next);
	return item->pmdp;
}

static struct page *get_huge_page(struct vm_area_struct *vma, unsigned long addr,
				  pmd_t *pmdp)
{
	struct page *page = NULL;
	spinlock_t *ptl = pmd_lock(vma->vm_mm, pmdp);

	if (pmd_present(*pmdp) && pmd_trans_huge(*pmdp))
		page = vm_normal_page_pmd(vma, addr, *pmdp);
	if (page) {
		page += (addr & ~HPAGE_PMD_MASK) >> PAGE_SHIFT;
		get_page(page);
	}
	spin_unlock(ptl);
	return page;
}

/**
 * ksm_pte_get_page - get the page that is mapped at an address
 * @item: whose VMA, tile and place are known
 *
 * What the process has written can be read through the kernel's mapping then, also
 * where a data cache tells the two apart.
 *
 * Return: the page with a reference, or NULL if no ordinary page is there.
 */
struct page *ksm_pte_get_page(struct ksm_item *item)
{
	unsigned long addr = ksm_item_addr(item);
	struct vm_area_struct *vma = item->vma;
	struct page *page = NULL;
	spinlock_t *ptl;	/* of the page table */
	pmd_t *pmdp, pmd;
	pte_t *ptep, pte;

	pmdp = item_pmd(item);
	if (!pmdp)
		return NULL;
	pmd = pmdp_get_lockless(pmdp);
	if (pmd_trans_huge(pmd)) {
		page = get_huge_page(vma, addr, pmdp);
	} else {
		ptep = pte_offset_map_lock(vma->vm_mm, pmdp, addr, &ptl);
		if (!ptep)
			return NULL;
		pte = ptep_get(ptep);
		if (pte_present(pte))
			page = vm_normal_page(vma, addr, pte);
		if (page)
			get_page(page);
		pte_unmap_unlock(ptep, ptl);
	}
	if (page && PageAnon(page)) {
		flush_anon_page(vma, page, addr);
		flush_dcache_page(page);
	}
	return page;
}

/**
 * ksm_pte_maps - tell whether a VMA maps a KSM folio at an address
 * @folio: KSM folio
 * @vma: VMA
 * @addr: address in @vma
 *
 * Context: @folio locked, lock of @vma's anon_vma held.
 * Return: true if so.
 */
bool ksm_pte_maps(struct folio *folio, struct vm_area_struct *vma,
		  unsigned long addr)
{
	/* In turn with those who clear a PTE for a moment to change it. */
	DEFINE_FOLIO_VMA_WALK(pvmw, folio, vma, addr, PVMW_SYNC);

	if (!page_vma_mapped_walk(&pvmw))
		return false;
	page_vma_mapped_walk_done(&pvmw);
	return true;
}

static pte_t *lock_pte(struct ksm_item *item, spinlock_t **ptl)
{
	pmd_t *pmdp = item_pmd(item);
	pte_t *ptep, pte;

	if (!pmdp)
		return NULL;
	ptep = pte_offset_map_lock(item->vma->vm_mm, pmdp, ksm_item_addr(item), ptl);
	if (!ptep)
		return NULL;
	pte = ptep_get(ptep);
	if (pte_present(pte) && pte_pfn(pte) == page_to_pfn(item->page))
		return ptep;
	pte_unmap_unlock(ptep, *ptl);
	return NULL;
}

/*
 * Take the PTE of a page away, and see to it that nobody can write to the page any more.
 *
 * Fast GUP takes no lock: it takes its reference, then looks at the PTE again.  So the
 * PTE is cleared and flushed before the references are counted.
 *
 * Returns 0, and what the PTE is to be from now on, write-protected.  Returns an error and
 * leaves it as it was, as ksm_pte_protect() does.
 */
static int take_pte(struct ksm_item *item, pte_t *ptep, pte_t *taken)
{
	struct vm_area_struct *vma = item->vma;
	struct folio *folio = page_folio(item->page);
	unsigned long addr = ksm_item_addr(item);
	pte_t pte;

	/* Written since its fingerprint was taken: no use going on. */
	if (pte_dirty(ptep_get(ptep)) && item->clean)
		return -EAGAIN;

	flush_cache_page(vma, addr, folio_pfn(folio));
	pte = ptep_clear_flush(vma, addr, ptep);

	if (folio_ref_count(folio) !=
	    folio_mapcount(folio) + folio_test_swapcache(folio) + 1 ||
	    (PageAnonExclusive(item->page) &&
	     folio_try_share_anon_rmap_pte(folio, item->page))) {
		set_pte_at(vma->vm_mm, addr, ptep, pte);
		return -EBUSY;
	}
	if (pte_dirty(pte))
		folio_mark_dirty(folio);
	*taken = pte_wrprotect(pte_mkclean(pte));
	return 0;
}

static void begin(struct ksm_item *item, struct mmu_notifier_range *range)
{
	unsigned long addr = ksm_item_addr(item);

	mmu_notifier_range_init(range, MMU_NOTIFY_CLEAR, 0, item->vma->vm_mm, addr,
				addr + PAGE_SIZE);
	mmu_notifier_invalidate_range_start(range);
}

/**
 * ksm_pte_protect - write-protect the PTE of a page, of which a KSM page is to be made
 * @item: page
 * @protected: set to what the PTE is then
 *
 * Makes sure that nobody holds the page by anything but page tables, the swap cache
 * and the reference of @item.
 *
 * Context: folio of @item locked, may sleep.
 * Return: 0; -EAGAIN if the page is not what it was; -EBUSY if somebody holds it.
 */
int ksm_pte_protect(struct ksm_item *item, pte_t *protected)
{
	struct mmu_notifier_range range;
	spinlock_t *ptl;	/* of the page table */
	int err = -EAGAIN;
	pte_t *ptep;

	begin(item, &range);
	ptep = lock_pte(item, &ptl);
	if (ptep) {
		err = take_pte(item, ptep, protected);
		if (!err)
			set_pte_at(item->vma->vm_mm, ksm_item_addr(item), ptep,
				   *protected);
		pte_unmap_unlock(ptep, ptl);
	}
	mmu_notifier_invalidate_range_end(&range);
	return err;
}

/* What userfaultfd and soft-dirty trackers noted of the old page holds on. */
static pte_t carry_bits(pte_t pte, pte_t old)
{
	if (pte_uffd_wp(old))
		pte = pte_mkuffd_wp(pte);
	return pte_soft_dirty(old) ? pte_mksoft_dirty(pte) :
				     pte_clear_soft_dirty(pte);
}

/**
 * ksm_pte_exchange - map another page in place of one of equal content
 * @vma: VMA
 * @addr: address
 * @ptep: its PTE, cleared and flushed
 * @old: what it was
 * @page: what it mapped, and a reference for that
 * @kpage: page of a KSM folio, or the zero page
 *
 * Context: page table lock and the folio locks of @page and, unless it is the zero
 *	    page, @kpage held, in a section of invalidating MMU notifiers.
 */
void ksm_pte_exchange(struct vm_area_struct *vma, unsigned long addr, pte_t *ptep,
		      pte_t old, struct page *page, struct page *kpage)
{
	struct folio *folio = page_folio(page), *kfolio = page_folio(kpage);
	struct mm_struct *mm = vma->vm_mm;
	pte_t pte;

	if (is_zero_pfn(page_to_pfn(kpage))) {
		/* The dirty bit tells KSM's zero pages from others. */
		pte = pfn_pte(page_to_pfn(kpage), vma->vm_page_prot);
		pte = pte_mkdirty(pte_mkspecial(pte));
		ksm_map_zero_page(mm);
		dec_mm_counter(mm, MM_ANONPAGES);
	} else {
		/*
		 * MADV_FREE may have had it while it was mapped once.  Whoever maps it
		 * now wants it kept, and reclaim does keep what is dirty.
		 */
		if (!folio_test_dirty(kfolio) && !folio_test_swapcache(kfolio))
			folio_mark_dirty(kfolio);
		folio_get(kfolio);
		folio_add_anon_rmap_pte(kfolio, kpage, vma, addr, RMAP_NONE);
		pte = mk_pte(kpage, vma->vm_page_prot);
	}

	set_pte_at(mm, addr, ptep, carry_bits(pte, old));

	folio_remove_rmap_pte(folio, page, vma);
	if (!folio_mapped(folio))
		folio_free_swap(folio);
	folio_put(folio);
}

static void exchange(struct ksm_item *item, pte_t *ptep, pte_t pte, struct page *kpage)
{
	struct folio *folio = page_folio(item->page);

	ksm_pte_exchange(item->vma, ksm_item_addr(item), ptep, pte, item->page, kpage);
	ksm_stats.freed += !folio_mapped(folio) && !folio_test_swapcache(folio);
}

/**
 * ksm_pte_replace - map another page in place of one of equal bytes
 * @item: page
 * @kpage: page of a KSM folio, locked, or the zero page
 * @protected: what ksm_pte_protect() has left
 *
 * Context: folio of @item locked, may sleep.
 * Return: 0; -EAGAIN if the PTE has changed.
 */
int ksm_pte_replace(struct ksm_item *item, struct page *kpage, pte_t protected)
{
	unsigned long addr = ksm_item_addr(item);
	struct mmu_notifier_range range;
	int err = -EAGAIN;
	spinlock_t *ptl;	/* of the page table */
	pte_t *ptep, pte;

	begin(item, &range);
	ptep = lock_pte(item, &ptl);
	if (ptep) {
		if (pte_same(ptep_get(ptep), protected)) {
			flush_cache_page(item->vma, addr, page_to_pfn(item->page));
			pte = ptep_clear_flush(item->vma, addr, ptep);
			exchange(item, ptep, pte, kpage);
			err = 0;
		}
		pte_unmap_unlock(ptep, ptl);
	}
	mmu_notifier_invalidate_range_end(&range);
	return err;
}

/**
 * ksm_pte_merge - map another page in place of one, if both hold the same bytes
 * @item: page
 * @kpage: page of a KSM folio, locked, or the zero page
 *
 * All of it under one hold of the page table lock, as fork() copies a page under it: so
 * there is one TLB flush, and one of MMU notifiers.  If the bytes differ the page stays
 * write-protected.
 *
 * Context: folio of @item locked, may sleep.
 * Return: 0; -EAGAIN if the page is not what it was; -EBUSY if somebody holds it; -EILSEQ
 *	   if the bytes differ.
 */
int ksm_pte_merge(struct ksm_item *item, struct page *kpage)
{
	unsigned long addr = ksm_item_addr(item);
	struct mmu_notifier_range range;
	spinlock_t *ptl;	/* of the page table */
	int err = -EAGAIN;
	pte_t *ptep, pte;

	begin(item, &range);
	ptep = lock_pte(item, &ptl);
	if (!ptep)
		goto out;
	err = take_pte(item, ptep, &pte);
	if (!err && ksm_content_same(item->page, kpage)) {
		exchange(item, ptep, pte, kpage);
	} else if (!err) {
		set_pte_at(item->vma->vm_mm, addr, ptep, pte);
		err = -EILSEQ;
	}
	pte_unmap_unlock(ptep, ptl);
out:
	mmu_notifier_invalidate_range_end(&range);
	return err;
}

/* A copy of a page for a process; NULL if there is no memory, or the page is bad. */
static struct folio *copy_page_for(struct vm_area_struct *vma, unsigned long addr,
				   struct page *page)
{
	/* The process has not asked for it, so nobody is to be killed for it. */
	gfp_t gfp = GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN;
	struct folio *copy = vma_alloc_folio(gfp, 0, vma, addr, false);

	if (!copy)
		return NULL;
	if (mem_cgroup_charge(copy, vma->vm_mm, gfp) ||
	    copy_mc_user_highpage(&copy->page, page, addr, vma)) {
		folio_put(copy);
		return NULL;
	}
	__folio_mark_uptodate(copy);
	return copy;
}

/* Map the copy of a KSM page in its place; the page table is locked. */
static void map_copy(struct ksm_item *item, pte_t *ptep, struct folio *copy)
{
	struct folio *folio = page_folio(item->page);
	unsigned long addr = ksm_item_addr(item);
	struct vm_area_struct *vma = item->vma;
	pte_t pte;

	flush_cache_page(vma, addr, folio_pfn(folio));
	pte = ptep_clear_flush(vma, addr, ptep);
	folio_add_new_anon_rmap(copy, vma, addr, RMAP_EXCLUSIVE);
	folio_add_lru_vma(copy, vma);
	set_pte_at(vma->vm_mm, addr, ptep,
		   carry_bits(mk_pte(&copy->page, vma->vm_page_prot), pte));
	folio_remove_rmap_pte(folio, item->page, vma);
	ksm_stats.freed -= folio_mapped(folio);
	folio_put(folio);
	count_vm_event(COW_KSM);
}

/**
 * ksm_pte_unshare - give a process a copy of a KSM page that it maps
 * @item: the KSM page
 *
 * It is charged to the process's memory cgroup.  Where memory is short, nobody is killed
 * for it.
 *
 * Context: may sleep.
 * Return: 0; -ENOMEM if there is no copy to be had; -EAGAIN if the page is not mapped any
 *	   more.
 */
int ksm_pte_unshare(struct ksm_item *item)
{
	struct folio *copy = copy_page_for(item->vma, ksm_item_addr(item), item->page);
	struct mmu_notifier_range range;
	int err = -EAGAIN;
	spinlock_t *ptl;	/* of the page table */
	pte_t *ptep;

	if (!copy)
		return -ENOMEM;
	begin(item, &range);
	ptep = lock_pte(item, &ptl);
	if (ptep) {
		map_copy(item, ptep, copy);
		err = 0;
		pte_unmap_unlock(ptep, ptl);
	}
	mmu_notifier_invalidate_range_end(&range);
	if (err)
		folio_put(copy);
	return err;
}
