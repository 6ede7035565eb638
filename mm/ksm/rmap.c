// SPDX-License-Identifier: GPL-2.0
/*
 * KSM folios as the rest of mm meets them: rmap walks, and swap-in.
 *
 * The folio lock keeps the list of mappings as it is.  A mapping knows the linear
 * page index of its page, so that the VMAs that may map it are found in the
 * anon_vma's interval tree without looking at all others.
 */
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/vmstat.h>

#include "../internal.h"
#include "internal.h"

/* Which VMAs of an anon_vma to walk. */
enum walk_which {
	WALK_OWN,	/* those of the process */
	WALK_FORKS,	/* all others */
	WALK_ALL,
};

/* Returns false when the walk is to end. */
static bool walk_vmas(struct folio *folio, struct rmap_walk_control *rwc,
		      struct anon_vma *anon_vma, pgoff_t pgoff,
		      const struct mm_struct *mm, enum walk_which which)
{
	struct anon_vma_chain *avc;
	bool more = true;

	if (!anon_vma_trylock_read(anon_vma)) {
		if (rwc->try_lock) {
			rwc->contended = true;
			return false;
		}
		anon_vma_lock_read(anon_vma);
	}
	anon_vma_interval_tree_foreach(avc, &anon_vma->rb_root, pgoff, pgoff) {
		struct vm_area_struct *vma = avc->vma;
		unsigned long addr = vma_address(vma, pgoff, 1);

		cond_resched();
		if (addr == -EFAULT)
			continue;
		if (vma->vm_mm == mm ? which == WALK_FORKS : which == WALK_OWN)
			continue;
		if (rwc->invalid_vma && rwc->invalid_vma(vma, rwc->arg))
			continue;
		if (!rwc->rmap_one(folio, vma, addr, rwc->arg) ||
		    (rwc->done && rwc->done(folio))) {
			more = false;
			break;
		}
	}
	anon_vma_unlock_read(anon_vma);
	return more;
}

static void walk(struct folio *folio, struct rmap_walk_control *rwc,
		 struct ksm_stable *stable)
{
	struct ksm_anchor *anchor = NULL;
	enum walk_which which;
	struct anon_vma *root;
	struct ksm_slot *slot;
	pgoff_t pgoff;

	for (which = WALK_OWN; which <= WALK_FORKS; which++) {
		hlist_for_each_entry(slot, &stable->mappings, link) {
			cond_resched();
			if (!walk_vmas(folio, rwc, slot->anon_vma,
				       ksm_slot_pgoff(slot),
				       ksm_slot_tile(slot)->owner->slot.mm, which))
				return;
		}
	}
	while ((anchor = ksm_anchor_next(stable, anchor, &root, &pgoff)))
		if (!walk_vmas(folio, rwc, root, pgoff, NULL, WALK_ALL))
			return;
}

/**
 * rmap_walk_ksm - walk the mappings of a KSM folio
 * @folio: KSM folio
 * @rwc: what to do with each mapping
 *
 * First the mappings that ksmd knows; then, if there is still work to do, those
 * that forks may have made of them since, or of mappings that are gone.  With uniform
 * faults, its node's own mapping follows those of processes.
 *
 * Context: @folio is locked, and a reference is held.
 */
void rmap_walk_ksm(struct folio *folio, struct rmap_walk_control *rwc)
{
	struct ksm_stable *stable;

	VM_WARN_ON_ONCE_FOLIO(!folio_test_ksm(folio), folio);
	VM_WARN_ON_ONCE_FOLIO(!folio_test_locked(folio), folio);

	stable = ksm_node_of(folio);
	if (!stable)
		return;
	walk(folio, rwc, stable);
	ksm_hold_settle(stable, folio);
}

static struct folio *copy_folio(struct folio *folio, struct vm_area_struct *vma,
				unsigned long addr)
{
	struct folio *copy;

	copy = vma_alloc_folio(GFP_HIGHUSER_MOVABLE, 0, vma, addr, false);
	if (!copy)
		return NULL;
	if (mem_cgroup_charge(copy, vma->vm_mm, GFP_KERNEL)) {
		folio_put(copy);
		return NULL;
	}
	if (copy_mc_user_highpage(&copy->page, &folio->page, addr, vma)) {
		folio_put(copy);
		return ERR_PTR(-EHWPOISON);
	}
	folio_set_dirty(copy);
	__folio_mark_uptodate(copy);
	__folio_set_locked(copy);
#ifdef CONFIG_SWAP
	count_vm_event(KSM_SWPIN_COPY);
#endif
	return copy;
}

/**
 * ksm_might_need_to_copy - give a swap-in the folio that it may map
 * @folio: locked folio from the swap cache
 * @vma: VMA that is to map it
 * @addr: address there
 *
 * An anonymous folio belongs to one anon_vma at one index.  What was a KSM folio
 * when it was swapped out may be wanted at several: one that has lost its node
 * cannot serve them, so each gets a copy, for ksmd to merge again.
 *
 * Return: @folio; or a locked copy of it; NULL if there is no memory for that;
 *	   ERR_PTR(-EHWPOISON) if the page is bad.
 */
struct folio *ksm_might_need_to_copy(struct folio *folio,
				     struct vm_area_struct *vma,
				     unsigned long addr)
{
	struct anon_vma *anon_vma = folio_anon_vma(folio);

	if (folio_test_large(folio))
		return folio;
	if (folio_test_ksm(folio)) {
		if (ksm_node_of(folio) &&
		    !(READ_ONCE(ksm_knobs.run) & KSM_RUN_UNMERGE))
			return folio;
	} else if (!anon_vma) {
		return folio;
	} else if (folio->index == linear_page_index(vma, addr) &&
		   anon_vma->root == vma->anon_vma->root) {
		return folio;
	}
	if (PageHWPoison(&folio->page))
		return ERR_PTR(-EHWPOISON);
	/* The caller reports the failed read. */
	if (!folio_test_uptodate(folio))
		return folio;
	return copy_folio(folio, vma, addr);
}
