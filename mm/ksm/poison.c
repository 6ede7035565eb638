// SPDX-License-Identifier: GPL-2.0
/*
 * Memory failure: what becomes of the mappings of a KSM page that went bad.
 *
 * Where max_page_sharing made several copies of a content, a sound one takes the
 * place of the bad one, and no process loses anything.  Otherwise the processes
 * that map it are found, for memory_failure() to tell them.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/sched/signal.h>

#include "../internal.h"
#include "internal.h"

/* How often, and for how many milliseconds, to wait for a folio lock. */
#define KSM_LOCK_TRIES	10
#define KSM_LOCK_MSECS	1

/* Called for each mapping of a bad folio; @arg is the page to be mapped instead. */
static bool replace_mapping(struct folio *folio, struct vm_area_struct *vma,
			    unsigned long addr, void *arg)
{
	/* Not past a PTE that mprotect(), say, has cleared for a moment. */
	DEFINE_FOLIO_VMA_WALK(pvmw, folio, vma, addr, PVMW_SYNC);
	struct mmu_notifier_range range;
	pte_t pte;

	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, vma->vm_mm, addr,
				addr + PAGE_SIZE);
	mmu_notifier_invalidate_range_start(&range);
	while (page_vma_mapped_walk(&pvmw)) {
		flush_cache_page(vma, pvmw.address, folio_pfn(folio));
		pte = ptep_clear_flush(vma, pvmw.address, pvmw.pte);
		ksm_pte_exchange(vma, pvmw.address, pvmw.pte, pte, &folio->page, arg);
	}
	mmu_notifier_invalidate_range_end(&range);
	return true;
}

/* Both folios are locked. */
static void move_mappings(struct folio *folio, struct ksm_stable *bad,
			  struct folio *sound_folio, struct ksm_stable *sound)
{
	struct rmap_walk_control rwc = {
		.rmap_one = replace_mapping,
		.arg = &sound_folio->page,
	};

	rmap_walk_ksm(folio, &rwc);
	ksm_mapping_move_all(bad, sound);
	ksm_hold_settle(sound, sound_folio);
	/* While it is mapped, memory failure needs its node. */
	if (ksm_hold_mapped(bad, folio))
		ksm_watch_add(bad);
	else
		ksm_mapping_disown(bad, folio);
}

/*
 * Move the mappings of @folio, @bad's, to @sound.  There is no order between two KSM
 * folios, so neither lock is waited for.  Returns false if one cannot be had.
 */
static bool try_replace(struct folio *folio, struct ksm_stable *bad,
			struct ksm_stable *sound)
{
	struct folio *sound_folio = ksm_node_get(sound, KSM_TRYLOCK);
	bool done = false;

	if (IS_ERR_OR_NULL(sound_folio))
		return false;
	if (folio_trylock(folio)) {
		/* It was not locked when its node was looked up. */
		if (ksm_node_of(folio) == bad &&
		    (!ksm_stable_anchored(bad) || ksm_stable_extend(sound))) {
			move_mappings(folio, bad, sound_folio, sound);
			done = true;
		}
		folio_unlock(folio);
	}
	folio_unlock(sound_folio);
	folio_put(sound_folio);
	return done;
}

/**
 * ksm_replace_poisoned - map sound copies in place of a KSM folio that went bad
 * @folio: KSM folio, not locked; a reference is held
 *
 * Does nothing if there is no other folio on its chain, or if the locks cannot
 * be had soon: then the folio stays mapped.
 *
 * A fork copies PTEs after its VMAs are on the anon_vma: the walk, which comes to
 * forks last, finds the copies, or they were made of what it has put in place.
 *
 * Context: mf_mutex held; takes ksm_mutex, without waiting long; may sleep.
 */
void ksm_replace_poisoned(struct folio *folio)
{
	struct ksm_stable *bad, *sound;
	int tries;

	if (!ksm_lock_try_soon())
		return;
	for (tries = 0; tries < KSM_LOCK_TRIES; tries++) {
		if (tries)
			msleep(KSM_LOCK_MSECS);
		bad = ksm_node_of(folio);
		sound = bad ? ksm_chain_sound(bad) : NULL;
		if (!sound || try_replace(folio, bad, sound))
			break;
	}
	mutex_unlock(&ksm_mutex);
}

/* What was broken since is not mapped. */
static void collect_task(struct task_struct *task, struct anon_vma *anon_vma,
			 pgoff_t pgoff, struct page *page, struct list_head *to_kill)
{
	struct anon_vma_chain *avc;

	anon_vma_interval_tree_foreach(avc, &anon_vma->rb_root, pgoff, pgoff) {
		struct vm_area_struct *vma = avc->vma;
		unsigned long addr = vma_address(vma, pgoff, 1);

		if (vma->vm_mm == task->mm && addr != -EFAULT &&
		    ksm_pte_maps(page_folio(page), vma, addr))
			add_to_kill_ksm(task, page, vma, to_kill, addr);
	}
}

static void collect_family(struct anon_vma *anon_vma, pgoff_t pgoff,
			   struct page *page, struct list_head *to_kill,
			   int force_early)
{
	struct task_struct *process;

	anon_vma_lock_read(anon_vma);
	rcu_read_lock();
	for_each_process(process) {
		struct task_struct *task = task_early_kill(process, force_early);

		if (task)
			collect_task(task, anon_vma, pgoff, page, to_kill);
	}
	rcu_read_unlock();
	anon_vma_unlock_read(anon_vma);
}

/**
 * collect_procs_ksm - find the processes that a bad KSM page hits
 * @folio: KSM folio
 * @page: its page
 * @to_kill: where to add them
 * @force_early: also those that did not ask for an early signal
 *
 * A process that has a copy of its own by now is not hit.
 *
 * Context: @folio is locked.
 */
void collect_procs_ksm(struct folio *folio, struct page *page,
		       struct list_head *to_kill, int force_early)
{
	struct ksm_stable *stable = ksm_node_of(folio);
	struct ksm_anchor *anchor = NULL;
	struct anon_vma *root;
	struct ksm_slot *slot;
	pgoff_t pgoff;

	if (!stable)
		return;
	hlist_for_each_entry(slot, &stable->mappings, link)
		collect_family(slot->anon_vma, ksm_slot_pgoff(slot), page, to_kill,
			       force_early);
	while ((anchor = ksm_anchor_next(stable, anchor, &root, &pgoff)))
		collect_family(root, pgoff, page, to_kill, force_early);
}
