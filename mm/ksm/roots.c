// SPDX-License-Identifier: GPL-2.0
/*
 * Roots of trees by number: an array that grows and shrinks at its end, without a copy.
 *
 * Tables are pages.  They stand one above the other where one has not enough slots.
 */
#include <kunit/static_stub.h>
#include <linux/bitops.h>
#include <linux/slab.h>

#include "roots.h"
#include "state.h"

/**
 * ksm_roots_alloc_table - allocate a table
 *
 * It does not wait for reclaim, which might wait for the KSM folio that is locked.
 *
 * Return: a table full of zeroes, or NULL.
 */
union ksm_root *ksm_roots_alloc_table(void)
{
	union ksm_root *table;

	KUNIT_STATIC_STUB_REDIRECT(ksm_roots_alloc_table);
	table = kzalloc(PAGE_SIZE, GFP_NOWAIT | __GFP_NOWARN);
	if (table)
		atomic_long_add(PAGE_SIZE, &ksm_stats.bytes);
	return table;
}

static void free_table(union ksm_root *table)
{
	kfree(table);
	atomic_long_sub(PAGE_SIZE, &ksm_stats.bytes);
}

/* Which tables begin with a root: all that are entered by this many bits, or by fewer. */
static unsigned int begun_by(struct ksm_roots *roots, unsigned long nr)
{
	unsigned int shift = 0;

	while (shift < roots->shift && !(nr & (BIT(shift + KSM_ROOTS_SHIFT) - 1)))
		shift += KSM_ROOTS_SHIFT;
	return shift;
}

/* Free tables, each of which is in the first slot of the one above it. */
static void free_begun(union ksm_root *table)
{
	union ksm_root *below;

	for (; table; table = below) {
		below = table->table;
		free_table(table);
	}
}

/**
 * ksm_roots_add - add a root at the end
 * @roots: roots
 * @nr: how many there are
 *
 * Context: does not sleep.
 * Return: false if there is no memory for it: nothing has changed then.
 */
bool ksm_roots_add(struct ksm_roots *roots, unsigned long nr)
{
	unsigned int begun = begun_by(roots, nr), shift;
	union ksm_root *begin = NULL, *table;

	for (shift = 0; shift < begun; shift += KSM_ROOTS_SHIFT) {
		table = ksm_roots_alloc_table();
		if (!table)
			goto fail;
		table->table = begin;
		begin = table;
	}
	if (nr >> roots->shift) {
		table = ksm_roots_alloc_table();
		if (!table)
			goto fail;
		*table = roots->top;
		roots->top.table = table;
		roots->shift += KSM_ROOTS_SHIFT;
	}
	if (begin)
		ksm_roots_slot(roots, nr, begun)->table = begin;
	return true;
fail:
	free_begun(begin);
	return false;
}

/**
 * ksm_roots_drop - remove the last root, but not the first
 * @roots: roots
 * @nr: its number; it is empty
 */
void ksm_roots_drop(struct ksm_roots *roots, unsigned long nr)
{
	bool top = nr == BIT(roots->shift - KSM_ROOTS_SHIFT);
	unsigned int begun = begun_by(roots, nr);
	union ksm_root *slot;

	if (begun) {
		slot = ksm_roots_slot(roots, nr, begun);
		free_begun(slot->table);
		slot->table = NULL;
	}
	if (top) {
		slot = roots->top.table;
		roots->top = *slot;
		roots->shift -= KSM_ROOTS_SHIFT;
		free_table(slot);
	}
}
