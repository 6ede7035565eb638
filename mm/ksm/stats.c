// SPDX-License-Identifier: GPL-2.0
/*
 * Counters and the figures derived from them.  Read without a lock: each is
 * right by itself, and all agree when ksmd rests.
 */
#include <linux/minmax.h>
#include <linux/sched.h>

#include "ksm.h"

struct ksm_stats ksm_stats;
atomic_long_t ksm_zero_pages = ATOMIC_LONG_INIT(0);

/**
 * ksm_metadata_bytes - tell how much memory KSM uses for itself
 *
 * Return: bytes.
 */
unsigned long ksm_metadata_bytes(void)
{
	return atomic_long_read(&ksm_stats.bytes);
}

/**
 * ksm_general_profit - tell how much memory KSM saves
 *
 * Return: bytes; negative if it costs more than it saves.
 */
long ksm_general_profit(void)
{
	long pages = READ_ONCE(ksm_stats.sharing) + atomic_long_read(&ksm_zero_pages);

	return pages * (long)PAGE_SIZE - (long)ksm_metadata_bytes();
}

/**
 * ksm_pages_volatile - tell how many pages are tracked but in no tree
 *
 * Return: pages.
 */
unsigned long ksm_pages_volatile(void)
{
	long pages = READ_ONCE(ksm_stats.tracked) - READ_ONCE(ksm_stats.shared) -
		     READ_ONCE(ksm_stats.sharing) - READ_ONCE(ksm_stats.unshared);

	return max(pages, 0L);
}

/* Nodes on the longest way from the root of a tree to a leaf. */
static unsigned int tree_levels(const struct rb_root *root)
{
	const struct rb_node *node = root->rb_node, *parent;
	unsigned int level = 1, deepest = 0;

	while (node) {
		deepest = max(deepest, level);
		if (node->rb_left || node->rb_right) {
			node = node->rb_left ?: node->rb_right;
			level++;
			continue;
		}
		/* Up, until there is a right half that was not visited yet. */
		while ((parent = rb_parent(node)) &&
		       (parent->rb_right == node || !parent->rb_right)) {
			node = parent;
			level--;
		}
		node = parent ? parent->rb_right : NULL;
		cond_resched();
	}
	return deepest;
}

/**
 * ksm_stable_levels - tell how deep the deepest stable tree is
 *
 * Context: ksm_mutex held, may sleep; takes time in proportion to all trees.
 * Return: nodes on the longest way from a root to a leaf, chains left aside.
 */
unsigned int ksm_stable_levels(void)
{
	struct ksm_index *index;
	unsigned int levels = 0;

	for (index = ksm_next_index(NULL); index; index = ksm_next_index(index))
		levels = max(levels, tree_levels(&index->stable));
	return levels;
}

/**
 * ksm_unstable_levels - tell how deep the deepest unstable tree is
 *
 * Context: ksm_mutex held, may sleep; takes time in proportion to all trees.
 * Return: nodes on the longest way from a root to a leaf.
 */
unsigned int ksm_unstable_levels(void)
{
	struct ksm_index *index;
	unsigned int levels = 0;

	for (index = ksm_next_index(NULL); index; index = ksm_next_index(index))
		levels = max(levels, tree_levels(&index->unstable));
	return levels;
}

#ifdef CONFIG_PROC_FS
/**
 * ksm_process_profit - tell how much memory KSM saves in a process
 * @mm: process
 *
 * Return: bytes; negative if it costs more than it saves.
 */
long ksm_process_profit(struct mm_struct *mm)
{
	long pages = READ_ONCE(mm->ksm_merging_pages) + mm_ksm_zero_pages(mm);

	return pages * (long)PAGE_SIZE - (long)ksm_mm_bytes(mm);
}
#endif
