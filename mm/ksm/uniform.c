// SPDX-License-Identifier: GPL-2.0
/*
 * Uniform faults: a page that settles becomes a KSM page, whether it has an equal or not.
 *
 * What comes then, a first write for instance, is the same for all of them.  Each goes to
 * a page frame chosen at random, and all is done in the same order: a copy, a look-up, a
 * comparison under write protection.
 *
 * Source: Oliverio, Razavi, Bos, Giuffrida, "Secure Page Fusion with VUsion", SOSP 2017.
 */
#include <linux/highmem.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/swap.h>

#include <trace/events/ksm.h>

#include "../internal.h"
#include "internal.h"

/* A copy of a page, for its process to pay; NULL if there is no memory, or it is bad. */
static struct folio *random_copy(struct ksm_item *item)
{
	/* Nobody is to be killed for it. */
	gfp_t gfp = GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN;
	struct folio *copy = ksm_frame_get(page_to_nid(item->page));

	if (!copy)
		return NULL;
	if (mem_cgroup_charge(copy, item->vma->vm_mm, gfp) ||
	    copy_mc_user_highpage(&copy->page, item->page, ksm_item_addr(item), item->vma)) {
		folio_put(copy);
		return NULL;
	}
	__folio_set_swapbacked(copy);
	__folio_mark_uptodate(copy);
	return copy;
}

/* Find a KSM folio of the same bytes.  Returns true if there is one, locked. */
static bool find(struct ksm_lookup *lookup, struct folio *copy)
{
	while (ksm_chain_lookup(lookup)) {
		if (!ksm_apart_still(lookup->stable) &&
		    ksm_content_same(&lookup->folio->page, &copy->page)) {
			/* It may have been there before. */
			ksm_hold_switch(lookup->stable, lookup->folio, true);
			return true;
		}
		folio_unlock(lookup->folio);
		folio_put(lookup->folio);
	}
	return false;
}

/* Replace a page by one of a KSM folio, which is locked. */
static int replace(struct ksm_item *item, struct folio *kfolio)
{
	struct folio *folio = page_folio(item->page);
	int err = -EAGAIN;

	if (folio_trylock(folio)) {
		err = ksm_pte_merge(item, &kfolio->page);
		folio_unlock(folio);
	}
	trace_ksm_merge_with_ksm_page(&kfolio->page, page_to_pfn(item->page),
				      ksm_slot(item->tile, item->nr),
				      item->vma->vm_mm, err);
	if (!err) {
		folio_get(folio);
		ksm_frame_retire(folio);
	}
	return err;
}

static int share(struct ksm_item *item, struct ksm_lookup *lookup)
{
	int err = replace(item, lookup->folio);

	if (!err) {
		ksm_mapping_add(item->tile, item->nr, lookup->stable, item->vma->anon_vma);
		ksm_hold_settle(lookup->stable, lookup->folio);
	}
	folio_unlock(lookup->folio);
	folio_put(lookup->folio);
	return err;
}

/* Make the copy a KSM folio of its own, in place of the page. */
static int be_alone(struct ksm_item *item, struct ksm_index *index, u64 key,
		    struct folio *copy, struct ksm_stable *stable)
{
	int err;

	__folio_set_locked(copy);
	ksm_node_adopt(stable, copy, key);
	err = replace(item, copy);
	if (err) {
		copy->mapping = NULL;
	} else {
		ksm_stats.freed--;
		ksm_chain_add(stable, index, &copy->page, key);
		ksm_hold_switch(stable, copy, true);
		ksm_mapping_add(item->tile, item->nr, stable, item->vma->anon_vma);
		folio_add_lru(copy);
	}
	folio_unlock(copy);
	return err;
}

/**
 * ksm_uniform_merge - make a page a KSM page
 * @item: page that is tracked and settled, and in no tree
 * @index: where it belongs
 * @key: its fingerprint
 *
 * What cannot be done now is left for the next pass.  A part of a large folio is left
 * alone: to split it on a match would tell of the match.
 *
 * Context: ksm_mutex held, @item's VMA locked, may sleep.
 */
void ksm_uniform_merge(struct ksm_item *item, struct ksm_index *index, u64 key)
{
	struct ksm_stable *first, *spare;
	struct ksm_lookup lookup = {};
	struct folio *copy;

	if (PageCompound(item->page)) {
		ksm_tile_index(item->tile, item->nr, index, key);
		return;
	}
	spare = ksm_stable_alloc();
	copy = spare ? random_copy(item) : NULL;
	if (!copy) {
		ksm_stats.unslotted++;
		goto out;
	}
	first = ksm_stable_first(index, key);
	if (first)
		lookup = ksm_chain_lookup_begin(index, key, first);
	if (first && find(&lookup, copy)) {
		share(item, &lookup);
	} else if (!lookup.busy && !be_alone(item, index, key, copy, spare)) {
		spare = NULL;
		folio_put(copy);
		goto out;
	}
	ksm_frame_retire(copy);
out:
	ksm_stable_free(spare);
}
