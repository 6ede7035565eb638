// SPDX-License-Identifier: GPL-2.0
/*
 * Unmerging: giving the mappings of an address range pages of their own.
 *
 * Here mmap_lock is held, which ksmd never needs: these are the paths of
 * madvise(), prctl(), mremap() and of a write to the sysfs file "run".
 */
#include <linux/mm.h>
#include <linux/rmap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>
#include <linux/swapops.h>

#include "internal.h"

static bool is_ksm_pte(struct vm_area_struct *vma, unsigned long addr, pte_t pte)
{
	struct page *page = NULL;

	if (pte_present(pte)) {
		page = vm_normal_page(vma, addr, pte);
		if (!page)
			return is_ksm_zero_pte(pte);
	} else if (!pte_none(pte)) {
		swp_entry_t entry = pte_to_swp_entry(pte);

		/* The fault waits for the migration to end. */
		if (is_migration_entry(entry))
			page = pfn_swap_entry_to_page(entry);
	}
	return page && PageKsm(page);
}

/* Find a KSM page in [*addr, end), mapped by one page table. */
static bool find_in_table(struct vm_area_struct *vma, pmd_t *pmdp, unsigned long *addr,
			  unsigned long end)
{
	spinlock_t *ptl;	/* of the page table */
	pte_t *start = pte_offset_map_lock(vma->vm_mm, pmdp, *addr, &ptl), *ptep;
	unsigned long next;

	if (!start)
		return false;
	for (ptep = start, next = *addr; next < end; ptep++, next += PAGE_SIZE)
		if (is_ksm_pte(vma, next, ptep_get(ptep)))
			break;
	pte_unmap_unlock(start, ptl);
	if (next < end)
		*addr = next;
	return next < end;
}

enum found {
	FOUND_NONE,	/* no KSM page in the range */
	FOUND,		/* one at *addr */
	STOPPED,	/* at *addr: there are more page tables than may be looked at */
};

/* Find a KSM page in [*addr, end).  Takes what it looks at off *tables. */
static enum found find_ksm_page(struct vm_area_struct *vma, unsigned long *addr,
				unsigned long end, unsigned long *tables)
{
	unsigned long from, next;

	for (from = *addr; from < end; from = next) {
		pmd_t *pmdp = ksm_pte_find_pmd(vma->vm_mm, from, &next);

		next = min(next, end);
		cond_resched();
		if (!pmdp || pmd_none(pmdp_get_lockless(pmdp)))
			continue;
		if (!*tables) {
			*addr = from;
			return STOPPED;
		}
		--*tables;
		if (find_in_table(vma, pmdp, &from, next)) {
			*addr = from;
			return FOUND;
		}
	}
	return FOUND_NONE;
}

/**
 * ksm_unmerge_pages - give a range pages of its own, a part at a time
 * @vma: VMA
 * @addr: first address, in @vma; set to how far it has come
 * @end: end of the range, in @vma
 * @part: what may be done, less what is done; NULL for all
 *
 * With @part it ends when the process begins to exit.
 *
 * Context: mmap_lock held, and ksmd kept away from @vma: by vma_start_write(), or
 *	    by ksm_mutex.
 * Return: 0; 1 if @part is used up; -ENOMEM, or -ERESTARTSYS on a signal.
 */
int ksm_unmerge_pages(struct vm_area_struct *vma, unsigned long *addr,
		      unsigned long end, struct ksm_unmerge_part *part)
{
	unsigned long tables = ULONG_MAX;
	struct ksm_room room = {
		/* All that run=2 copies counts. */
		.made = part ? ULONG_MAX : 0,
	};
	int ret = 0;

	while (*addr < end) {
		enum found found;
		vm_fault_t fault;

		if (part && !atomic_read(&vma->vm_mm->mm_users))
			break;
		if (part && !part->copies) {
			ret = 1;
			break;
		}

		found = find_ksm_page(vma, addr, end, part ? &part->tables : &tables);
		if (found != FOUND) {
			ret = found == STOPPED;
			break;
		}
		/* Not before: all below *addr is known to be done now. */
		ret = signal_pending(current) ? -ERESTARTSYS :
						ksm_room_make(&room, vma, *addr);
		if (ret)
			break;
		/*
		 * The fault may back out without having done it: so look at the
		 * same address again.  SIGBUS or SIGSEGV say that the page went
		 * away, with the file behind it for instance.
		 */
		fault = handle_mm_fault(vma, *addr,
					FAULT_FLAG_UNSHARE | FAULT_FLAG_REMOTE,
					NULL);
		if (fault & VM_FAULT_OOM) {
			ret = -ENOMEM;
			break;
		}
		if (fault & (VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV |
			     VM_FAULT_HWPOISON | VM_FAULT_HWPOISON_LARGE))
			*addr += PAGE_SIZE;
		if (part)
			part->copies--;
	}
	return ret;
}

/**
 * ksm_unmerge_range - give a range pages of its own
 * @vma: VMA
 * @start: first address, in @vma
 * @end: end of the range, in @vma
 *
 * Walks the page tables that exist: a sparse range costs nothing.
 *
 * Context: mmap_lock held, and ksmd kept away from @vma: by vma_start_write(), or
 *	    by ksm_mutex.
 * Return: 0, -ENOMEM, or -ERESTARTSYS on a signal; then the rest of the range is
 *	   as it was.
 */
int ksm_unmerge_range(struct vm_area_struct *vma, unsigned long start,
		      unsigned long end)
{
	return ksm_unmerge_pages(vma, &start, end, NULL);
}

/* Is this page shared by KSM, or left as if it were by a merge that failed? */
static bool shared_by_ksm(struct vm_area_struct *vma, unsigned long addr)
{
	bool shared = false;
	struct page *page;
	spinlock_t *ptl;	/* of the page table */
	unsigned long next;
	pmd_t *pmdp = ksm_pte_find_pmd(vma->vm_mm, addr, &next);
	pte_t *ptep, pte;

	ptep = pmdp ? pte_offset_map_lock(vma->vm_mm, pmdp, addr, &ptl) : NULL;
	if (!ptep)
		return false;
	pte = ptep_get(ptep);
	/* Swapped out it cannot be told from one that fork shares: once it is back. */
	if (is_swap_pte(pte) && !non_swap_entry(pte_to_swp_entry(pte)))
		shared = (vma->vm_flags & VM_MERGEABLE) && !pte_swp_exclusive(pte);
	page = pte_present(pte) ? vm_normal_page(vma, addr, pte) : NULL;
	if (page && PageAnon(page) && !PageCompound(page) && !PageAnonExclusive(page))
		shared = PageKsm(page) || ((vma->vm_flags & VM_MERGEABLE) &&
					   folio_mapcount(page_folio(page)) == 1);
	pte_unmap_unlock(ptep, ptl);
	return shared;
}

/**
 * ksm_unshare_page - have the page at an address be the process's alone
 * @mm: process that has users
 * @addr: address
 *
 * For callers that refuse pages which are not exclusive.  ksmd may merge the page
 * again at any time.
 *
 * Context: takes mmap_lock, may sleep.
 * Return: 1 if KSM had to do with it and it is worth another try; 0 if not; -ENOMEM;
 *	   -EINTR on a fatal signal.
 */
int ksm_unshare_page(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;
	vm_fault_t fault = 0;
	int ret = 0;

	if (fatal_signal_pending(current) || mmap_read_lock_killable(mm))
		return -EINTR;
	vma = vma_lookup(mm, addr);
	if (vma && shared_by_ksm(vma, addr)) {
		fault = handle_mm_fault(vma, addr,
					FAULT_FLAG_UNSHARE | FAULT_FLAG_REMOTE,
					NULL);
		/* A page that cannot be read has no copy: no other try. */
		ret = !(fault & VM_FAULT_ERROR);
	}
	mmap_read_unlock(mm);
	return fault & VM_FAULT_OOM ? -ENOMEM : ret;
}
