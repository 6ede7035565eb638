/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A forest: red-black trees of a few entries each, in the order of their keys.
 */
#ifndef _MM_KSM_FOREST_H
#define _MM_KSM_FOREST_H

#include <linux/build_bug.h>
#include <linux/rbtree.h>
#include <linux/types.h>

#include "roots.h"
#include "tile.h"

/**
 * struct ksm_forest_entry - how that begins which is kept in a forest
 * @node: place in its tree
 * @word: in the bits of KSM_KEY_MASK the key; the others are its owner's, who may change
 *	  them at any time
 */
struct ksm_forest_entry {
	struct rb_node node;
	u64 word;
};

/* Checks that a type begins like that. */
#define KSM_FOREST_ENTRY(type, member, key)				\
	static_assert(offsetof(type, member) == 0 &&			\
		      offsetof(type, key) == offsetof(struct ksm_forest_entry, word))

static inline u64 ksm_forest_key(const struct rb_node *node)
{
	return READ_ONCE(rb_entry(node, struct ksm_forest_entry, node)->word) & KSM_KEY_MASK;
}

/**
 * struct ksm_forest - trees by the top bits of the key
 * @roots: their roots
 * @bits: top bits of a key that tell its root
 * @cut: below it, one bit more of a key than @bits tells its root
 * @nr: entries
 * @expected: entries that there will be, as far as the owner knows; 0 if it does not
 * @last: number of the last root
 * @grow_at: with more entries than this there is to be a further root
 * @shrink_at: with fewer entries than this there is to be a root less
 * @retry_at: with so many entries, a root that there was no memory for is tried again
 *
 * Full of zeroes, it is empty.
 */
struct ksm_forest {
	struct ksm_roots roots;
	unsigned int bits;
	u64 cut;
	unsigned long nr;
	unsigned long expected;
	unsigned long last;
	unsigned long grow_at;
	unsigned long shrink_at;
	unsigned long retry_at;
};

static inline bool ksm_forest_empty(const struct ksm_forest *forest)
{
	return !forest->nr;
}

struct rb_node *ksm_forest_find(struct ksm_forest *forest, u64 key);
struct rb_node *ksm_forest_find_next(struct rb_node *node);
void ksm_forest_insert(struct ksm_forest *forest, struct rb_node *node);
bool ksm_forest_insert_only(struct ksm_forest *forest, struct rb_node *node);
void ksm_forest_erase(struct ksm_forest *forest, struct rb_node *node);
void ksm_forest_replace(struct ksm_forest *forest, struct rb_node *from,
			struct rb_node *to);
struct rb_node *ksm_forest_first(struct ksm_forest *forest, u64 key);
struct rb_node *ksm_forest_next(struct ksm_forest *forest, struct rb_node *node);
unsigned int ksm_forest_levels(struct ksm_forest *forest);

#endif /* _MM_KSM_FOREST_H */
