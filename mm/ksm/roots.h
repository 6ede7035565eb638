/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Roots of trees by number: an array that grows and shrinks at its end, without a copy.
 */
#ifndef _MM_KSM_ROOTS_H
#define _MM_KSM_ROOTS_H

#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/rbtree.h>

/* A root, or a table of such slots. */
union ksm_root {
	struct rb_root root;
	union ksm_root *table;
};

#define KSM_ROOTS_PER_TABLE	(PAGE_SIZE / sizeof(union ksm_root))
#define KSM_ROOTS_SHIFT		ilog2(KSM_ROOTS_PER_TABLE)

/**
 * struct ksm_roots - roots from number 0 on
 * @top: the only root, or a table
 * @shift: bits of a number by which tables are entered; 0: @top is the only root
 *
 * Full of zeroes, there is one root, which is empty.
 */
struct ksm_roots {
	union ksm_root top;
	unsigned int shift;
};

/* The slot that the bits of a number from @shift on lead to: 0 for the root itself. */
static inline union ksm_root *ksm_roots_slot(struct ksm_roots *roots, unsigned long nr,
					     unsigned int shift)
{
	union ksm_root *slot = &roots->top;
	unsigned int at = roots->shift;

	while (at > shift) {
		at -= KSM_ROOTS_SHIFT;
		slot = &slot->table[(nr >> at) & (KSM_ROOTS_PER_TABLE - 1)];
	}
	return slot;
}

static inline struct rb_root *ksm_roots_at(struct ksm_roots *roots, unsigned long nr)
{
	return &ksm_roots_slot(roots, nr, 0)->root;
}

bool ksm_roots_add(struct ksm_roots *roots, unsigned long nr);
void ksm_roots_drop(struct ksm_roots *roots, unsigned long nr);
union ksm_root *ksm_roots_alloc_table(void);

#endif /* _MM_KSM_ROOTS_H */
