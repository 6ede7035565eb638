// SPDX-License-Identifier: GPL-2.0
/*
 * Anchors: how the rmap walk finds mappings that ksmd does not know.
 *
 * A fork copies mappings of KSM folios.  Until ksmd visits the child, they are found
 * by way of the parent's mapping, since the child's VMA is on the parent's anon_vma,
 * too.  When the parent's mapping goes first, an anchor takes its place: anon_vma and
 * index are all that the walk needs, no process.  The root of the anon_vmas will do,
 * as all VMAs of a family of forks are on it, and so there is one for all of them.
 *
 * max_page_sharing takes an anchor for a mapping; pages_sharing does not count it.  It is
 * dropped once each mapping that is found by it is known, or gone; in a large family, once
 * that is seen without much ado.
 */
#include <linux/mm.h>
#include <linux/rmap.h>
#include <linux/slab.h>

#include "../internal.h"
#include "internal.h"

/* VMAs to look at before it is taken that one of them needs the anchor. */
#define KSM_ANCHOR_VMAS	16
#define KSM_ANCHOR_MAX_VMAS	64

/**
 * struct ksm_anchor - a family of forks that may map a KSM folio
 * @link: in ksm_stable_more::anchors
 * @root: root of their anon_vmas; referenced
 * @pgoff: linear page index of the folio's page there
 */
struct ksm_anchor {
	struct hlist_node link;
	struct anon_vma *root;
	pgoff_t pgoff;
};

static struct kmem_cache *anchor_cache;

static bool is_known(struct ksm_stable *stable, struct vm_area_struct *vma,
		     unsigned long addr, pgoff_t pgoff)
{
	unsigned long start = ALIGN_DOWN(addr, KSM_TILE_SIZE);
	unsigned int i = (addr - start) >> PAGE_SHIFT;
	struct ksm_mm *kmm = ksm_mm_find(vma->vm_mm);
	struct ksm_tile *tile = kmm ? ksm_tile_find(kmm, start, pgoff - i) : NULL;

	return tile && (ksm_tile_merged(tile) & BIT_ULL(i)) &&
	       ksm_slot_stable(ksm_slot(tile, i)) == stable;
}

/*
 * May a VMA of this family map the folio without being known to?  Those of @except do
 * not count, unless they may yet swap it in; after @limit VMAs the answer is yes.
 *
 * The lock is needed to see that a family has no VMA left: one that is changed is off
 * the tree for a moment.
 */
static bool has_unknown(struct ksm_stable *stable, struct folio *folio,
			struct anon_vma *root, pgoff_t pgoff,
			const struct mm_struct *except, unsigned int limit)
{
	bool swapped = folio_test_swapcache(folio), found = false;
	struct anon_vma_chain *avc;

	anon_vma_lock_read(root);
	anon_vma_interval_tree_foreach(avc, &root->rb_root, pgoff, pgoff) {
		struct vm_area_struct *vma = avc->vma;
		unsigned long addr = vma_address(vma, pgoff, 1);

		if (addr == -EFAULT || (vma->vm_mm == except && !swapped))
			continue;
		found = vma->vm_mm == except || !limit-- ||
			((swapped || ksm_pte_maps(folio, vma, addr)) &&
			 !is_known(stable, vma, addr, pgoff));
		if (found)
			break;
		cond_resched();
	}
	anon_vma_unlock_read(root);
	return found;
}

static struct ksm_anchor *first_anchor(const struct ksm_stable *stable)
{
	const struct ksm_stable_more *more = ksm_stable_more(stable);

	return more ? hlist_entry_safe(more->anchors.first, struct ksm_anchor, link) : NULL;
}

static struct ksm_anchor *next_anchor(const struct ksm_anchor *anchor)
{
	return hlist_entry_safe(anchor->link.next, struct ksm_anchor, link);
}

static struct ksm_anchor *find_anchor(struct ksm_stable *stable,
				      struct anon_vma *root, pgoff_t pgoff)
{
	struct ksm_anchor *anchor;

	for (anchor = first_anchor(stable); anchor; anchor = next_anchor(anchor))
		if (anchor->root == root && anchor->pgoff == pgoff)
			return anchor;
	return NULL;
}

/* Make an anchor for a node. */
static struct ksm_anchor *alloc_anchor(struct ksm_stable *stable,
				       struct anon_vma *root, pgoff_t pgoff)
{
	struct ksm_anchor *anchor;

	if (!ksm_stable_extend(stable))
		return NULL;
	anchor = kmem_cache_alloc(anchor_cache, ksm_gfp_nowait());
	if (!anchor)
		return NULL;
	atomic_long_add(sizeof(*anchor), &ksm_stats.bytes);
	get_anon_vma(root);
	anchor->root = root;
	anchor->pgoff = pgoff;
	return anchor;
}

/**
 * ksm_anchor_add - give a node an anchor
 * @stable: node that it was made for
 * @anchor: anchor, or NULL
 *
 * Context: ksm_mutex and the lock of the KSM folio held.
 */
void ksm_anchor_add(struct ksm_stable *stable, struct ksm_anchor *anchor)
{
	if (!anchor)
		return;
	hlist_add_head(&anchor->link, &ksm_stable_more(stable)->anchors);
	ksm_stable_count_anchor(stable, 1, ksm_knobs.max_page_sharing);
	ksm_watch_add(stable);
}

static void free_anchor(struct ksm_stable *stable, struct ksm_anchor *anchor)
{
	hlist_del(&anchor->link);
	ksm_stable_count_anchor(stable, -1, ksm_knobs.max_page_sharing);
	put_anon_vma(anchor->root);
	atomic_long_sub(sizeof(*anchor), &ksm_stats.bytes);
	kmem_cache_free(anchor_cache, anchor);
}

/**
 * ksm_anchor_keep - keep what is found by a mapping only that is about to go
 * @slot: slot of the mapping
 * @folio: its KSM folio, locked
 *
 * Context: ksm_mutex held.
 * Return: false if there is no memory for it: the slot must stay.
 */
bool ksm_anchor_keep(struct ksm_slot *slot, struct folio *folio)
{
	const struct mm_struct *mm = ksm_slot_tile(slot)->owner->slot.mm;
	struct ksm_stable *stable = ksm_slot_stable(slot);
	struct anon_vma *root = slot->anon_vma->root;
	pgoff_t pgoff = ksm_slot_pgoff(slot);
	struct ksm_anchor *anchor;

	if (!ksm_hold_mapped(stable, folio) && !folio_test_swapcache(folio))
		return true;
	if (find_anchor(stable, root, pgoff) ||
	    !has_unknown(stable, folio, root, pgoff, mm, KSM_ANCHOR_VMAS))
		return true;

	anchor = alloc_anchor(stable, root, pgoff);
	if (anchor)
		ksm_anchor_add(stable, anchor);
	return anchor;
}

/**
 * ksm_anchor_for - make an anchor for a page that is to become a KSM page, if need be
 * @stable: node that it is to have
 * @folio: its folio, locked, mapped more than once
 * @anon_vma: that of the VMA by which it is known
 * @anchor: set to the anchor, for ksm_anchor_add(), or to NULL
 *
 * From @anon_vma the rmap walk comes to the VMA and its forks, but not to what it was
 * forked from, which may map the page, too.
 *
 * Context: ksm_mutex held.
 * Return: false if there is no memory for it.
 */
bool ksm_anchor_for(struct ksm_stable *stable, struct folio *folio,
		    struct anon_vma *anon_vma, struct ksm_anchor **anchor)
{
	struct anon_vma *origin = folio_anon_vma(folio);

	*anchor = NULL;
	if (!origin || origin == anon_vma)
		return true;
	*anchor = alloc_anchor(stable, origin->root, folio_pgoff(folio));
	return *anchor;
}

/**
 * ksm_anchor_drop - drop the anchors that are not needed any more
 * @stable: node
 * @folio: its folio, locked
 *
 * Context: ksm_mutex held, may sleep.
 */
void ksm_anchor_drop(struct ksm_stable *stable, struct folio *folio)
{
	struct ksm_anchor *anchor, *next;

	for (anchor = first_anchor(stable); anchor; anchor = next) {
		next = next_anchor(anchor);
		if (!has_unknown(stable, folio, anchor->root, anchor->pgoff,
				 NULL, KSM_ANCHOR_MAX_VMAS))
			free_anchor(stable, anchor);
	}
}

/**
 * ksm_anchor_drop_all - drop the anchors of a node whose folio is gone
 * @stable: node, its folio gone, or locked and pointing back no more
 *
 * Context: ksm_mutex held.
 */
void ksm_anchor_drop_all(struct ksm_stable *stable)
{
	struct ksm_anchor *anchor;

	while ((anchor = first_anchor(stable)))
		free_anchor(stable, anchor);
}

/**
 * ksm_anchor_move - give the anchors of a node to another
 * @from: node, its folio locked
 * @to: node that takes over its mappings; its folio is locked, or the same; it was
 *	extended if @from has anchors
 *
 * Context: ksm_mutex held.
 */
void ksm_anchor_move(struct ksm_stable *from, struct ksm_stable *to)
{
	unsigned int max = ksm_knobs.max_page_sharing;
	struct ksm_anchor *anchor;

	while ((anchor = first_anchor(from))) {
		if (find_anchor(to, anchor->root, anchor->pgoff)) {
			free_anchor(from, anchor);
			continue;
		}
		hlist_del(&anchor->link);
		ksm_stable_count_anchor(from, -1, max);
		hlist_add_head(&anchor->link, &ksm_stable_more(to)->anchors);
		ksm_stable_count_anchor(to, 1, max);
	}
	if (ksm_stable_anchored(to))
		ksm_watch_add(to);
}

/**
 * ksm_anchor_next - walk the anchors of a node
 * @stable: node, its folio locked
 * @anchor: the one before, or NULL
 * @root: set to the root of the anon_vmas
 * @pgoff: set to the linear page index
 *
 * Return: next anchor, NULL after the last.
 */
struct ksm_anchor *ksm_anchor_next(struct ksm_stable *stable,
				   struct ksm_anchor *anchor,
				   struct anon_vma **root, pgoff_t *pgoff)
{
	anchor = anchor ? next_anchor(anchor) : first_anchor(stable);
	if (anchor) {
		*root = anchor->root;
		*pgoff = anchor->pgoff;
	}
	return anchor;
}

/**
 * ksm_anchor_init - set up the cache of anchors
 *
 * Return: 0 or -ENOMEM.
 */
int __init ksm_anchor_init(void)
{
	anchor_cache = kmem_cache_create("ksm_anchor", sizeof(struct ksm_anchor),
					 0, 0, NULL);
	return anchor_cache ? 0 : -ENOMEM;
}
