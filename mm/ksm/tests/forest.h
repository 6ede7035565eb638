/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Forests against an array that says which entry is in, and since when.
 */
#ifndef _MM_KSM_TESTS_FOREST_H
#define _MM_KSM_TESTS_FOREST_H

#include <kunit/static_stub.h>
#include <linux/math.h>

#include "../forest.h"
#include "kunit.h"

#define ENTRIES		8192

/* Entries below which there is one root, whatever there was before. */
#define SMALL		64

struct entry {
	struct ksm_forest_entry at;
	unsigned int born;
	bool in;
	bool seen;
};

struct model {
	struct kunit *test;
	struct ksm_test_rng rng;
	struct ksm_forest forest;
	long bytes;			/* of others */
	unsigned int nr;
	unsigned int births;
	struct entry entry[ENTRIES];
};

static inline struct model *model_new(struct kunit *test, u32 seed)
{
	struct model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->test = test;
	m->rng = ksm_test_rng(seed);
	m->bytes = atomic_long_read(&ksm_stats.bytes);
	return m;
}

static inline struct entry *entry_of(struct rb_node *node)
{
	return rb_entry_safe(node, struct entry, at.node);
}

static inline u64 key_of(const struct entry *entry)
{
	return entry->at.word & KSM_KEY_MASK;
}

/* What is below a key must not matter. */
static inline void set_key(struct model *m, struct entry *entry, u64 key)
{
	entry->at.word = (key & KSM_KEY_MASK) | (ksm_test_u64(&m->rng) & ~KSM_KEY_MASK);
}

static inline unsigned long tables_for(unsigned long roots)
{
	unsigned long slots = KSM_ROOTS_PER_TABLE, all = 0;

	for (; roots > 1; all += roots)
		roots = DIV_ROUND_UP(roots, slots);
	return all;
}

/* What can be told at a look: entries, roots, memory. */
static inline void check_shape(struct model *m, unsigned long last)
{
	struct ksm_forest *forest = &m->forest;
	struct kunit *test = m->test;

	KUNIT_ASSERT_EQ_MSG(test, forest->nr, (unsigned long)m->nr, "%s", ksm_test_at(&m->rng));
	KUNIT_ASSERT_EQ(test, ksm_forest_empty(forest), !m->nr);
	/* It grows by one root at a time, and goes back by no more than some. */
	KUNIT_ASSERT_LE_MSG(test, forest->last, last + 1, "%s", ksm_test_at(&m->rng));
	KUNIT_ASSERT_GE_MSG(test, forest->last + 10, last, "%s", ksm_test_at(&m->rng));
	/* What the roots take is no more than what the entries do. */
	KUNIT_ASSERT_LE_MSG(test, forest->last, (unsigned long)m->nr, "%s",
			    ksm_test_at(&m->rng));
	KUNIT_ASSERT_EQ_MSG(test, atomic_long_read(&ksm_stats.bytes) - m->bytes,
			    (long)(tables_for(forest->last + 1) * PAGE_SIZE), "%s",
			    ksm_test_at(&m->rng));
	if (m->nr < SMALL / 2)
		KUNIT_ASSERT_EQ_MSG(test, forest->last, 0UL, "%s", ksm_test_at(&m->rng));
}

static inline void model_add(struct model *m, struct entry *entry)
{
	unsigned long last = m->forest.last;

	ksm_forest_insert(&m->forest, &entry->at.node);
	entry->born = m->births++;
	entry->in = true;
	m->nr++;
	check_shape(m, last);
}

static inline void model_erase(struct model *m, struct entry *entry)
{
	unsigned long last = m->forest.last;

	ksm_forest_erase(&m->forest, &entry->at.node);
	entry->in = false;
	m->nr--;
	check_shape(m, last);
}

/* All of them, in order; those of equal keys in the order in which they came. */
static inline void check_walk(struct model *m)
{
	struct kunit *test = m->test;
	struct entry *entry, *last = NULL;
	unsigned int nr = 0;
	struct rb_node *node;

	for (node = ksm_forest_first(&m->forest, 0); node;
	     node = ksm_forest_next(&m->forest, node)) {
		entry = entry_of(node);
		KUNIT_ASSERT_TRUE_MSG(test, entry->in, "%s", ksm_test_at(&m->rng));
		if (last) {
			KUNIT_ASSERT_GE_MSG(test, key_of(entry), key_of(last), "%s",
					    ksm_test_at(&m->rng));
			KUNIT_ASSERT_TRUE_MSG(test, key_of(entry) != key_of(last) ||
					      entry->born > last->born, "%s",
					      ksm_test_at(&m->rng));
		}
		last = entry;
		nr++;
	}
	KUNIT_ASSERT_EQ_MSG(test, nr, m->nr, "%s", ksm_test_at(&m->rng));
}

/* By its key each one is found, after those that tie and are older. */
static inline void check_found(struct model *m, struct entry *entry)
{
	struct rb_node *node = ksm_forest_find(&m->forest, key_of(entry));
	struct kunit *test = m->test;
	unsigned int ties = 0;

	for (; node && node != &entry->at.node; node = ksm_forest_find_next(node)) {
		KUNIT_ASSERT_EQ(test, key_of(entry_of(node)), key_of(entry));
		if (entry->in)
			KUNIT_ASSERT_LT(test, entry_of(node)->born, entry->born);
		KUNIT_ASSERT_LT(test, ties++, m->nr);
	}
	KUNIT_ASSERT_EQ_MSG(test, !!node, entry->in, "%s", ksm_test_at(&m->rng));
}

static inline void check_all(struct model *m, bool each)
{
	unsigned int i;

	check_walk(m);
	for (i = 0; each && i < ENTRIES; i++)
		check_found(m, &m->entry[i]);
}

static inline void model_drain(struct model *m)
{
	unsigned int i;

	for (i = 0; i < ENTRIES; i++)
		if (m->entry[i].in)
			model_erase(m, &m->entry[i]);
	KUNIT_EXPECT_NULL(m->test, ksm_forest_first(&m->forest, 0));
	KUNIT_EXPECT_EQ(m->test, ksm_forest_levels(&m->forest), 0U);
	KUNIT_EXPECT_EQ(m->test, atomic_long_read(&ksm_stats.bytes), m->bytes);
}

static inline u64 any_key(struct model *m)
{
	return ksm_test_u64(&m->rng);
}

/* One tree that is large, however many there are. */
static inline u64 lopsided_keys(struct model *m)
{
	return ksm_test_below(&m->rng, 4) ? 0x5b5b5b5b5b5b5b5bULL : any_key(m);
}

static inline union ksm_root *no_table(void)
{
	return NULL;
}

/* Add so many entries. */
static inline void fill(struct model *m, unsigned int from, unsigned int nr,
			u64 (*key)(struct model *m))
{
	for (; nr--; from++) {
		set_key(m, &m->entry[from], key(m));
		model_add(m, &m->entry[from]);
	}
}

#endif /* _MM_KSM_TESTS_FOREST_H */
