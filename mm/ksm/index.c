// SPDX-License-Identifier: GPL-2.0
/*
 * Walks of the indexes: of all nodes, and of how deep their trees are.
 */
#include <linux/minmax.h>

#include "index.h"

/* Go on to the next content, perhaps of another index. */
static bool next_content(struct ksm_stable_iter *iter)
{
	while (!iter->next_head) {
		struct ksm_index *index = ksm_domain_next_index(iter->index);

		if (!index)
			return false;
		iter->index = index;
		iter->next_head = ksm_index_first_content(index, 0);
	}
	iter->head = iter->next_head;
	iter->next_head = ksm_index_next_content(iter->head);
	iter->next = ksm_stable_next_other(iter->head) ?: iter->head;
	return true;
}

/**
 * ksm_stable_iter_next - go on with a walk of all nodes that have a folio
 * @iter: walk; full of zeroes to begin with
 *
 * The head of a content comes after its other nodes: it goes with the last of them if
 * it has no folio.
 *
 * Context: ksm_mutex held; only the node that was given last may be freed.
 * Return: next node, or NULL.
 */
struct ksm_stable *ksm_stable_iter_next(struct ksm_stable_iter *iter)
{
	struct ksm_stable *stable, *head;

	if (!iter->next && !next_content(iter))
		return NULL;
	stable = iter->next;
	head = iter->head;
	iter->next = NULL;
	if (stable == head)
		return stable;
	iter->next = ksm_stable_next_other(stable);
	if (!iter->next && !ksm_stable_hollow(head))
		iter->next = head;
	return stable;
}

/**
 * ksm_index_stable_levels - tell how deep the deepest stable tree is
 *
 * Context: ksm_mutex held, may sleep; takes time in proportion to all trees.
 * Return: nodes on the longest way from a root to a leaf, chains left aside.
 */
unsigned int ksm_index_stable_levels(void)
{
	struct ksm_index *index;
	unsigned int levels = 0;

	for (index = ksm_domain_next_index(NULL); index;
	     index = ksm_domain_next_index(index))
		levels = max(levels, ksm_forest_levels(&index->stable));
	return levels;
}

/**
 * ksm_index_unstable_levels - tell how deep the deepest unstable tree is
 *
 * Context: ksm_mutex held, may sleep; takes time in proportion to all trees.
 * Return: nodes on the longest way from a root to a leaf.
 */
unsigned int ksm_index_unstable_levels(void)
{
	struct ksm_index *index;
	unsigned int levels = 0;

	for (index = ksm_domain_next_index(NULL); index;
	     index = ksm_domain_next_index(index))
		levels = max(levels, ksm_forest_levels(&index->unstable));
	return levels;
}
