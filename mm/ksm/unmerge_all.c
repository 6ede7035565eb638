// SPDX-License-Identifier: GPL-2.0
/*
 * Unmerging everything, and forgetting all that is known.
 */
#include <linux/mm.h>
#include <linux/rmap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "internal.h"

/* Watched nodes are gone through; guarded by ksm_mutex. */
static bool going_on;

/*
 * What is done at a time: copies, and page tables to look at.  Who waits for a lock that
 * is held meanwhile waits for no more.
 */
#define PART_COPIES	64
#define PART_TABLES	256

/* How often to try a mapping that ksmd does not know. */
#define MAPPING_TRIES	16

/* One part; *addr tells where the next one begins, if it returns 1. */
static int unmerge_part(struct mm_struct *mm, unsigned long *addr)
{
	VMA_ITERATOR(vmi, mm, *addr);
	struct ksm_unmerge_part part = { .copies = PART_COPIES, .tables = PART_TABLES };
	struct vm_area_struct *vma;
	bool contended;
	int ret = 0;

	if (mmap_read_lock_killable(mm))
		return -ERESTARTSYS;
	for_each_vma(vmi, vma) {
		if (!ksm_eligible_vma(vma))
			continue;
		*addr = max(*addr, vma->vm_start);
		ret = ksm_unmerge_pages(vma, addr, vma->vm_end, &part);
		if (ret)
			break;
	}
	contended = mmap_lock_is_contended(mm);
	mmap_read_unlock(mm);
	if (contended)
		ksm_lock_let_them_run();
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

	if (!ksm_pte_maps(folio, vma, addr))
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
	struct folio *folio = ksm_node_get(stable, KSM_LOCK);

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
	struct ksm_unmerge_part part = { .copies = MAPPING_TRIES, .tables = PART_TABLES };
	unsigned long addr = mapping->addr;
	struct vm_area_struct *vma;
	int ret = 0;

	if (mmap_read_lock_killable(mapping->mm))
		return -ERESTARTSYS;
	vma = vma_lookup(mapping->mm, addr);
	if (vma)
		ret = ksm_unmerge_pages(vma, &addr, addr + PAGE_SIZE, &part);
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

	while ((stable = ksm_watch_first())) {
		if (signal_pending(current))
			return -ERESTARTSYS;
		ret = unmerge_node(stable, &stuck);
		if (ret < 0)
			return ret;
		if (!ret) {
			ksm_watch_pass(stable);
			stuck = 0;
		}
		if (ksm_lock_wanted()) {
			ksm_lock_give_way();
			ksm_lock_wait_offlining();
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

	/* Some may come to be watched, and find no place, meanwhile. */
	do {
		while (!ksm_watch_rewind()) {
			if (!ksm_lock_wanted())
				return -ENOMEM;
			ksm_lock_give_way();
			ksm_lock_wait_offlining();
		}
		ret = unmerge_watched();
	} while (!ret && ksm_watch_lost());
	ksm_watch_rewind();
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
 * ksm_unmerge_all_goes_on - tell whether watched nodes are gone through here
 *
 * Context: ksm_mutex held.
 * Return: true if so: nobody else is to look at them.
 */
bool ksm_unmerge_all_goes_on(void)
{
	return going_on;
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
		if (ksm_lock_wanted()) {
			ksm_lock_give_way();
			ksm_lock_wait_offlining();
		}
	}
	if (!forget_mms())
		return -ENOMEM;
	going_on = true;
	ret = unmerge_unknown();
	going_on = false;
	if (!ret)
		ksm_chain_disown_unmapped();
	ksm_frame_drain();
	return ret;
}

/**
 * ksm_unmerge_all_forget - forget all that is known about all pages
 *
 * But for the nodes of KSM folios that are still mapped.
 *
 * Context: ksm_mutex held, may sleep.
 */
void ksm_unmerge_all_forget(void)
{
	forget_mms();
	ksm_chain_disown_unmapped();
}
