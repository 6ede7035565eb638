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
	struct rb_node *node = index->unstable.rb_node;
	struct ksm_slot *first = NULL;

	while (node) {
		struct ksm_slot *slot = rb_entry(node, struct ksm_slot, node);

		if (ksm_slot_key(slot) < key) {
			node = node->rb_right;
		} else {
			if (ksm_slot_key(slot) == key)
				first = slot;
			node = node->rb_left;
		}
	}
	return first;
}

/**
 * ksm_unstable_next - next page of the same fingerprint
 * @slot: slot in the tree
 *
 * Return: a slot, or NULL.
 */
struct ksm_slot *ksm_unstable_next(struct ksm_slot *slot)
{
	struct ksm_slot *next = rb_entry_safe(rb_next(&slot->node),
					      struct ksm_slot, node);

	return next && ksm_slot_key(next) == ksm_slot_key(slot) ? next : NULL;
}

/* Add a page, unless @only and there is one of its key: one descent for both. */
static bool insert(struct ksm_index *index, struct ksm_slot *slot, u64 key, bool only)
{
	struct rb_node **link = &index->unstable.rb_node;
	struct rb_node *parent = NULL;

	while (*link) {
		u64 other;

		parent = *link;
		other = ksm_slot_key(rb_entry(parent, struct ksm_slot, node));
		if (key < other)
			link = &parent->rb_left;
		else if (key > other || !only)
			link = &parent->rb_right;
		else
			return false;
	}
	ksm_slot_set_key(slot, key, index->nid);
	rb_link_node(&slot->node, parent, link);
	rb_insert_color(&slot->node, &index->unstable);
	ksm_stats.unshared++;
	return true;
}

/**
 * ksm_unstable_insert - add a page
 * @index: where
 * @slot: slot in no tree
 * @key: its fingerprint
 */
void ksm_unstable_insert(struct ksm_index *index, struct ksm_slot *slot, u64 key)
{
	insert(index, slot, key & KSM_KEY_MASK, false);
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
	return insert(index, slot, key & KSM_KEY_MASK, true);
}

/**
 * ksm_unstable_erase - remove a page
 * @index: the index of its slot
 * @slot: slot in the tree; keeps its key
 */
void ksm_unstable_erase(struct ksm_index *index, struct ksm_slot *slot)
{
	rb_erase(&slot->node, &index->unstable);
	ksm_stats.unshared--;
}
