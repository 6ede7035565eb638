// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings of KSM folios: what tile and stable node know together.
 *
 * A page that maps a KSM folio has its slot in the list of the folio's node.  The last
 * one to go takes the node with it, unless the folio lives on.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/sched.h>

#include <trace/events/ksm.h>

#include "node.h"
#include "state.h"

/**
 * ksm_mapping_add - note that a page maps a KSM folio
 * @tile: tile
 * @i: place of the page, which is tracked and has a slot
 * @stable: node of the KSM folio
 * @anon_vma: anon_vma of the page's VMA
 *
 * Context: ksm_mutex and the lock of the KSM folio held.
 */
void ksm_mapping_add(struct ksm_tile *tile, unsigned int i,
		     struct ksm_stable *stable, struct anon_vma *anon_vma)
{
	struct ksm_slot *slot = ksm_slot(tile, i);

	if (ksm_tile_unstable(tile) & BIT_ULL(i))
		ksm_unstable_erase(ksm_slot_index(slot), slot);
	get_anon_vma(anon_vma);
	slot->anon_vma = anon_vma;
	ksm_stable_map(stable, slot, ksm_knobs.max_page_sharing);
	ksm_tile_set(tile, BIT_ULL(i), KSM_MERGED);
	tile->owner->slot.mm->ksm_merging_pages++;
}

/* Inlined, as it is a good part of what the exit of a process costs. */
static __always_inline void unmap(struct ksm_tile *tile, unsigned int i,
				  struct ksm_slot *slot, struct ksm_stable *stable)
{
	struct mm_struct *mm = tile->owner->slot.mm;

	trace_ksm_remove_rmap_item(stable->pfn, slot, mm);
	ksm_stable_unmap(stable, slot, ksm_knobs.max_page_sharing);
	put_anon_vma(slot->anon_vma);
	mm->ksm_merging_pages--;
	ksm_tile_set(tile, BIT_ULL(i), KSM_SEEN);
}

static void unmap_slot(struct ksm_slot *slot)
{
	unmap(ksm_slot_tile(slot), ksm_slot_nr(slot), slot, ksm_slot_stable(slot));
}

/**
 * ksm_mapping_bury - free a node that has lost its folio and its last mapping
 * @stable: node without mappings and anchors
 *
 * Context: ksm_mutex held.
 */
void ksm_mapping_bury(struct ksm_stable *stable)
{
	trace_ksm_remove_ksm_page(stable->pfn);
	ksm_watch_end(stable);
	ksm_stable_erase(stable);
}

/*
 * A node has lost its last known mapping.  If the folio lives on, in the swap cache for
 * instance, so does the node.
 */
static void orphan(struct ksm_stable *stable)
{
	struct folio *folio = ksm_node_get(stable, KSM_NOLOCK);

	if (!folio) {
		ksm_mapping_bury(stable);
		return;
	}
	folio_put(folio);
	ksm_watch_add(stable);
}

/**
 * ksm_mapping_end - note that a page does not map its KSM folio any more
 * @tile: tile
 * @i: place of the page, a mapping
 *
 * Context: ksm_mutex held, may sleep for the folio lock.
 * Return: false if there is no memory for what has to be kept: try again later.
 */
bool ksm_mapping_end(struct ksm_tile *tile, unsigned int i)
{
	struct ksm_slot *slot = ksm_slot(tile, i);
	struct ksm_stable *stable = ksm_slot_stable(slot);
	struct folio *folio = ksm_node_get(stable, KSM_LOCK);
	bool kept = !folio || ksm_anchor_keep(slot, folio), over = false;

	if (kept)
		unmap(tile, i, slot, stable);
	if (folio) {
		over = !stable->nr && ksm_hold_over(stable, folio);
		folio_unlock(folio);
		folio_put(folio);
	}
	if (!stable->nr) {
		if (folio && !over)
			orphan(stable);
		else
			ksm_mapping_bury(stable);
	}
	return kept;
}

/**
 * ksm_mapping_switch - note that a page maps another KSM folio of equal content
 * @tile: tile
 * @i: place of the page, a mapping; for what is found by it, ksm_anchor_keep() was called
 * @to: node of the other folio
 *
 * Context: ksm_mutex and the locks of both KSM folios held, and a reference to the one
 *	    that it has mapped so far.
 */
void ksm_mapping_switch(struct ksm_tile *tile, unsigned int i, struct ksm_stable *to)
{
	struct ksm_slot *slot = ksm_slot(tile, i);
	struct ksm_stable *from = ksm_slot_stable(slot);

	ksm_stable_unmap(from, slot, ksm_knobs.max_page_sharing);
	ksm_stable_map(to, slot, ksm_knobs.max_page_sharing);
	if (!from->nr)
		ksm_watch_add(from);
}

/**
 * ksm_mapping_kill - free a node with its mappings
 * @stable: node whose folio is gone, or locked and pointing back no more
 *
 * As many mappings as a folio usually has are forgotten at a time.
 *
 * Context: ksm_mutex held, may sleep.
 * Return: false if there are more: the rest can be left to ksm_reap_watched().
 */
bool ksm_mapping_kill(struct ksm_stable *stable)
{
	unsigned int left = KSM_KILL_SLOTS;
	struct hlist_node *next;
	struct ksm_slot *slot;

	hlist_for_each_entry_safe(slot, next, &stable->mappings, link) {
		if (!left--) {
			ksm_watch_add(stable);
			return false;
		}
		unmap_slot(slot);
	}
	ksm_anchor_drop_all(stable);
	ksm_mapping_bury(stable);
	return true;
}

/**
 * ksm_mapping_disown - free a node whose folio lives on
 * @stable: node
 * @folio: its folio, locked
 *
 * What still maps the folio finds it without a node, and ksmd gives it a new one
 * at its next visit.
 *
 * Context: ksm_mutex held, may sleep.
 */
void ksm_mapping_disown(struct ksm_stable *stable, struct folio *folio)
{
	ksm_hold_end(stable, folio);
	ksm_node_forsake(folio);
	while (!ksm_mapping_kill(stable))
		cond_resched();
}

/**
 * ksm_mapping_move_all - give a node the mappings and anchors of another
 * @from: node; it stays, without any
 * @to: node, extended if @from has anchors
 *
 * Context: ksm_mutex held, and the locks of their folios, or of the one that both
 *	    stand for; may sleep.
 */
void ksm_mapping_move_all(struct ksm_stable *from, struct ksm_stable *to)
{
	unsigned int max = ksm_knobs.max_page_sharing;
	struct hlist_node *next;
	struct ksm_slot *slot;

	hlist_for_each_entry_safe(slot, next, &from->mappings, link) {
		ksm_stable_unmap(from, slot, max);
		ksm_stable_map(to, slot, max);
		cond_resched();
	}
	ksm_anchor_move(from, to);
}
