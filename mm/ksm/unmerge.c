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

#include "ksm.h"

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
		pmd_t *pmdp = ksm_find_pmd(vma->vm_mm, from, &next);

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

/*
 * What run=2 does at a time: copies, and page tables to look at.  Who waits for a lock
 * that it holds waits for no more.
 */
#define PART_COPIES	64
#define PART_TABLES	256

/* How often to try a mapping that ksmd does not know. */
#define MAPPING_TRIES	16

/**
 * struct part - what may still be done at a time
 * @copies: pages to copy
 * @tables: page tables to look at, once for each copy and once for each table
 */
struct part {
	unsigned int copies;
	unsigned long tables;
};

/*
 * The work of ksm_break_range(), from *addr on.  With @part, it returns 1 when that is
 * used up: *addr is where to go on.  And it ends when the process begins to exit.
 */
static int break_pages(struct vm_area_struct *vma, unsigned long *addr,
		       unsigned long end, struct part *part)
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
						ksm_make_room(&room, vma, *addr);
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
 * ksm_break_range - give a range pages of its own
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
int ksm_break_range(struct vm_area_struct *vma, unsigned long start,
		    unsigned long end)
{
	return break_pages(vma, &start, end, NULL);
}

/* Is this page shared by KSM, or left as if it were by a merge that failed? */
static bool shared_by_ksm(struct vm_area_struct *vma, unsigned long addr)
{
	bool shared = false;
	struct page *page;
	spinlock_t *ptl;	/* of the page table */
	unsigned long next;
	pmd_t *pmdp = ksm_find_pmd(vma->vm_mm, addr, &next);
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

/* One part; *addr tells where the next one begins, if it returns 1. */
static int unmerge_part(struct mm_struct *mm, unsigned long *addr)
{
	VMA_ITERATOR(vmi, mm, *addr);
	struct part part = { .copies = PART_COPIES, .tables = PART_TABLES };
	struct vm_area_struct *vma;
	bool contended;
	int ret = 0;

	if (mmap_read_lock_killable(mm))
		return -ERESTARTSYS;
	for_each_vma(vmi, vma) {
		if (!ksm_vma_mergeable(vma))
			continue;
		*addr = max(*addr, vma->vm_start);
		ret = break_pages(vma, addr, vma->vm_end, &part);
		if (ret)
			break;
	}
	contended = mmap_lock_is_contended(mm);
	mmap_read_unlock(mm);
	if (contended)
		ksm_let_them_run();
	return ret;
}

/*
 * Unmerge a part of a process, and forget what has been unmerged, so that the counters
 * tell how far it is.
 *
 * What the process does to its VMAs between two parts brings no KSM page to below the
 * place that has been reached: ksmd does not run, and mremap() moves copies.
 */
static int unmerge_mm(struct ksm_mm *kmm)
{
	struct mm_struct *mm = kmm->slot.mm;
	unsigned long from = kmm->addr;
	bool exits;
	int ret;

	/* ksmd forgets those that exit, and those that are registered anew. */
	if (!list_empty(&kmm->dead) || !ksm_mm_enter(kmm))
		return 0;
	ret = unmerge_part(mm, &kmm->addr);
	exits = !atomic_read(&mm->mm_users);
	ksm_mm_leave(kmm);

	if (ret && kmm->addr > from)
		ksm_forget_range(kmm, from, kmm->addr, NULL, NULL);
	else if (!ret && !exits)
		ksm_forget_mm(kmm, NULL);
	return ret;
}

/**
 * struct mapping - where a KSM folio is mapped
 * @mm: process, referenced, or NULL
 * @addr: address there
 * @skip: mappings to leave out
 */
struct mapping {
	struct mm_struct *mm;
	unsigned long addr;
	unsigned int skip;
};

static bool take_mapping(struct folio *folio, struct vm_area_struct *vma,
			 unsigned long addr, void *arg)
{
	struct mapping *mapping = arg;

	if (!ksm_folio_mapped_at(folio, vma, addr))
		return true;
	if (mapping->skip) {
		mapping->skip--;
		return true;
	}
	/* What exits will not map it for long. */
	if (!mmget_not_zero(vma->vm_mm))
		return true;
	mapping->mm = vma->vm_mm;
	mapping->addr = addr;
	return false;
}

/* A mapping of a node's folio, after @skip others; false if there is none. */
static bool find_mapping(struct ksm_stable *stable, struct mapping *mapping,
			 unsigned int skip)
{
	struct rmap_walk_control rwc = {
		.arg = mapping,
		.rmap_one = take_mapping,
	};
	struct folio *folio = ksm_stable_get(stable, KSM_LOCK);

	*mapping = (struct mapping){ .skip = skip };
	if (!folio)
		return false;
	rmap_walk_ksm(folio, &rwc);
	folio_unlock(folio);
	folio_put(folio);
	return mapping->mm;
}

/* Returns 1 if the page is shared still. */
static int unmerge_mapping(const struct mapping *mapping)
{
	struct part part = { .copies = MAPPING_TRIES, .tables = PART_TABLES };
	unsigned long addr = mapping->addr;
	struct vm_area_struct *vma;
	int ret = 0;

	if (mmap_read_lock_killable(mapping->mm))
		return -ERESTARTSYS;
	vma = vma_lookup(mapping->mm, addr);
	if (vma)
		ret = break_pages(vma, &addr, addr + PAGE_SIZE, &part);
	mmap_read_unlock(mapping->mm);
	/* A page that cannot be read has no copy. */
	return ret ?: addr != mapping->addr;
}

/*
 * Unmerge a mapping of a node that ksmd does not know, and leave out *stuck of them
 * that do not become copies.  Returns 1 if there may be another.
 */
static int unmerge_node(struct ksm_stable *stable, unsigned int *stuck)
{
	struct mapping mapping;
	int ret;

	if (!find_mapping(stable, &mapping, *stuck))
		return 0;
	ret = unmerge_mapping(&mapping);
	mmput_async(mapping.mm);
	if (ret < 0)
		return ret;
	*stuck += ret;
	return 1;
}

static int unmerge_watched(void)
{
	struct ksm_stable *stable;
	unsigned int stuck = 0;
	int ret;

	while ((stable = ksm_watched_first())) {
		if (signal_pending(current))
			return -ERESTARTSYS;
		ret = unmerge_node(stable, &stuck);
		if (ret < 0)
			return ret;
		if (!ret) {
			ksm_watched_pass(stable);
			stuck = 0;
		}
		if (ksm_wanted()) {
			ksm_give_way();
			ksm_wait_while_offlining();
			stuck = 0;
		}
		cond_resched();
	}
	return 0;
}

/*
 * Forks may map KSM folios without having opted in, and what ksmd knew of their family
 * has been forgotten by now: but for the nodes, which are watched.
 */
static int unmerge_unknown(void)
{
	int ret;

	ksm_watched_rewind();
	ret = unmerge_watched();
	ksm_watched_rewind();
	return ret;
}

/* Returns false if there is no memory for what is to be kept. */
static bool forget_mms(void)
{
	struct ksm_mm *kmm;
	bool forgotten = true;

	ksm_scan_restart();
	while ((kmm = ksm_mms_next()))
		forgotten &= ksm_forget_mm(kmm, NULL);
	ksm_scan_restart();
	return forgotten;
}

/**
 * ksm_unmerge_all - give every process pages of its own
 *
 * The cursor goes through the processes: it stays right when ksmd frees the one
 * that it is at, while ksm_mutex is dropped.
 *
 * Context: ksm_mutex held, dropped now and then for who asks for it; may sleep long.
 *	    The caller sees to it that ksmd does not scan, and that nobody else
 *	    moves the cursor.
 * Return: 0, -ENOMEM, or -ERESTARTSYS on a signal; then what has been broken
 *	   stays so and is forgotten, and the rest is as it was.
 */
int ksm_unmerge_all(void)
{
	struct ksm_mm *kmm;
	int ret;

	ksm_scan_restart();
	while ((kmm = ksm_mms_next()))
		kmm->addr = 0;

	ksm_mms_next();
	while ((kmm = ksm_mms_current())) {
		ret = unmerge_mm(kmm);
		if (ret < 0) {
			ksm_scan_restart();
			return ret;
		}
		if (!ret)
			ksm_mms_next();
		if (ksm_wanted()) {
			ksm_give_way();
			ksm_wait_while_offlining();
		}
	}
	if (!forget_mms())
		return -ENOMEM;
	ret = unmerge_unknown();
	if (!ret)
		ksm_disown_unmapped();
	return ret;
}

/**
 * ksm_forget_all - forget all that is known about all pages
 *
 * But for the nodes of KSM folios that are still mapped.
 *
 * Context: ksm_mutex held, may sleep.
 */
void ksm_forget_all(void)
{
	forget_mms();
	ksm_disown_unmapped();
}
