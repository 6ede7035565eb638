// SPDX-License-Identifier: GPL-2.0
/*
 * Unstable trees: pages that have not changed for a while, by fingerprint.
 *
 * The key is stored beside the node, so the order holds even when a page
 * changes: the tree lives on from pass to pass, and an entry leaves it when its
 * page is seen to have changed.
 */
#include "index.h"
#include "state.h"

/**
 * ksm_unstable_first - find the pages that have a fingerprint
 * @index: where
 * @key: fingerprint, KSM_KEY_MASK of it
 *
 * Return: first slot with @key, or NULL; go on with ksm_unstable_next().
 */
struct ksm_slot *ksm_unstable_first(struct ksm_index *index, u64 key)
{
	return rb_entry_safe(ksm_forest_find(&index->unstable, key), struct ksm_slot, node);
}

/**
 * ksm_unstable_next - next page of the same fingerprint
 * @slot: slot in the tree
 *
 * Return: a slot, or NULL.
 */
struct ksm_slot *ksm_unstable_next(struct ksm_slot *slot)
{
	return rb_entry_safe(ksm_forest_find_next(&slot->node), struct ksm_slot, node);
}

/**
 * ksm_unstable_insert - add a page
 * @index: where
 * @slot: slot in no tree
 * @key: its fingerprint
 */
void ksm_unstable_insert(struct ksm_index *index, struct ksm_slot *slot, u64 key)
{
	ksm_slot_set_key(slot, key, index->nid);
	index->unstable.expected = ksm_stats.tracked;
	ksm_forest_insert(&index->unstable, &slot->node);
	ksm_stats.unshared++;
}

/**
 * ksm_unstable_insert_only - add a page if no other has its fingerprint
 * @index: where
 * @slot: slot in no tree
 * @key: its fingerprint
 *
 * Return: true if it was added.
 */
bool ksm_unstable_insert_only(struct ksm_index *index, struct ksm_slot *slot,
			      u64 key)
{
	ksm_slot_set_key(slot, key, index->nid);
	index->unstable.expected = ksm_stats.tracked;
	if (!ksm_forest_insert_only(&index->unstable, &slot->node))
		return false;
	ksm_stats.unshared++;
	return true;
}

/**
 * ksm_unstable_erase - remove a page
 * @index: the index of its slot
 * @slot: slot in the tree; keeps its key
 */
void ksm_unstable_erase(struct ksm_index *index, struct ksm_slot *slot)
{
	index->unstable.expected = ksm_stats.tracked;
	ksm_forest_erase(&index->unstable, &slot->node);
	ksm_stats.unshared--;
}

/**
 * ksm_unstable_replace - put a slot in the place of another
 * @index: the index of both
 * @from: slot in the tree
 * @to: slot of the same key
 */
void ksm_unstable_replace(struct ksm_index *index, struct ksm_slot *from,
			  struct ksm_slot *to)
{
	ksm_forest_replace(&index->unstable, &from->node, &to->node);
}
