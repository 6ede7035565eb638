// SPDX-License-Identifier: GPL-2.0
/*
 * Forests without memory for roots, with large trees: a part is moved at a time.
 */
#include <linux/slab.h>

#include "forest.h"

/* With so many it goes back to one root, a step with each that goes. */
#define FEW		256

/* Entries whose places are compared, and that may change with one that comes or goes. */
#define PLACES		4096
#define CHANGES		1000

static u64 tied_keys(struct model *m)
{
	return (u64)ksm_test_below(&m->rng, 64) << 58;
}

static unsigned int tables_left;

static union ksm_root *last_tables(void)
{
	union ksm_root *table = tables_left ? kzalloc(PAGE_SIZE, GFP_KERNEL) : NULL;

	if (!table)
		return NULL;
	tables_left--;
	atomic_long_add(PAGE_SIZE, &ksm_stats.bytes);
	return table;
}

/* So many entries that are in one tree for want of memory. */
static void fill_one(struct model *m, unsigned int nr, u64 (*key)(struct model *m))
{
	kunit_activate_static_stub(m->test, ksm_roots_alloc_table, no_table);
	fill(m, 0, nr, key);
	KUNIT_EXPECT_EQ(m->test, m->forest.last, 0UL);
	kunit_deactivate_static_stub(m->test, ksm_roots_alloc_table);
}

/* It stays as it is, and goes on once there is memory. */
static void forest_no_memory(struct kunit *test)
{
	struct model *m = model_new(test, 2);
	unsigned int half = ENTRIES / 2, i;

	fill_one(m, half, any_key);
	check_all(m, true);

	/* Each step moves a part of a large tree; all are found at any time. */
	for (i = half; i < half + half / 2; i += 64) {
		fill(m, i, 64, any_key);
		check_all(m, true);
	}
	KUNIT_EXPECT_GT(test, m->forest.last, ENTRIES / 32UL);
	KUNIT_EXPECT_LE(test, ksm_forest_levels(&m->forest), 11U);
	model_drain(m);
}

/* Two tables are needed, and there is one: nothing is kept of it. */
static void forest_half_memory(struct kunit *test)
{
	struct model *m = model_new(test, 8);
	unsigned long slots = KSM_ROOTS_PER_TABLE;
	unsigned int more = 256;

	if (slots > ENTRIES / 8)
		kunit_skip(test, "a page has too many roots");
	tables_left = 2;
	m->forest.expected = 8 * ENTRIES;
	kunit_activate_static_stub(test, ksm_roots_alloc_table, last_tables);
	fill(m, 0, ENTRIES - more, any_key);
	KUNIT_EXPECT_EQ(test, tables_left, 0U);
	KUNIT_EXPECT_EQ(test, m->forest.last, slots - 1);
	check_all(m, true);
	/* Once there is memory, that is found out, though no more is expected. */
	kunit_deactivate_static_stub(test, ksm_roots_alloc_table);
	fill(m, ENTRIES - more, more, any_key);
	KUNIT_EXPECT_GE(test, m->forest.last, slots);
	check_all(m, true);
	m->forest.expected = 0;
	model_drain(m);
}

/* From any state between two numbers of roots it can go back. */
static void forest_back(struct kunit *test)
{
	struct model *m = model_new(test, 3);
	unsigned int few = 3000, more, i;

	for (more = 1; more < 120; more += 3) {
		u64 (*key)(struct model *m) = more & 1 ? any_key : tied_keys;

		fill_one(m, few, key);
		fill(m, few, 64 + more, key);
		KUNIT_EXPECT_GE(test, m->forest.last, 1UL);
		check_all(m, key == any_key);
		/* With few entries left it has one root again. */
		for (i = SMALL / 2; i < few + 64 + more; i++) {
			model_erase(m, &m->entry[i]);
			if (i % 64 == 0 || m->nr < FEW)
				check_walk(m);
		}
		check_all(m, true);
		model_drain(m);
	}
}

/* While entries are moved, others go: what is moved then, and whereto, is the same. */
static void forest_uneven(struct kunit *test)
{
	struct model *m = model_new(test, 9);
	unsigned int few = 3000, more, left, i;

	for (more = 1; more < 28; more++) {
		fill_one(m, few, any_key);
		fill(m, few, 64 + more, any_key);
		left = more & 1 ? 10 : 0;
		for (i = 0; i < ENTRIES; i++) {
			struct entry *entry = &m->entry[i];

			if (!entry->in || key_of(entry) >> 63 || (left && left--))
				continue;
			model_erase(m, entry);
		}
		check_all(m, true);
		fill(m, few + 64 + more, more & 2, any_key);
		check_all(m, true);
		for (i = 0; i < few; i++) {
			if (m->entry[i].in && key_of(&m->entry[i]) >> 63)
				model_erase(m, &m->entry[i]);
			if (i % 256 == 0)
				check_all(m, true);
		}
		model_drain(m);
	}
}

/* How many entries have another place since @before was taken. */
static unsigned int changes_since(struct model *m, struct rb_node *before)
{
	unsigned int i, nr = 0;

	for (i = 0; i < PLACES; i++) {
		nr += !!memcmp(&before[i], &m->entry[i].at.node, sizeof(before[i]));
		before[i] = m->entry[i].at.node;
	}
	return nr;
}

/* Nothing takes long, however many entries there are, or tie, or were in one tree. */
static void forest_bounded(struct kunit *test)
{
	struct model *m = model_new(test, 10);
	struct rb_node *before = kunit_kcalloc(test, PLACES, sizeof(*before), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, before);
	for (i = 0; i < PLACES; i++) {
		fill(m, i, 1, lopsided_keys);
		KUNIT_ASSERT_LT(test, changes_since(m, before), (unsigned int)CHANGES);
	}
	for (i = 0; i < PLACES; i++) {
		model_erase(m, &m->entry[i]);
		KUNIT_ASSERT_LT(test, changes_since(m, before), (unsigned int)CHANGES);
	}
	fill_one(m, PLACES / 2, any_key);
	changes_since(m, before);
	for (i = PLACES / 2; i < PLACES; i++) {
		fill(m, i, 1, any_key);
		KUNIT_ASSERT_LT(test, changes_since(m, before), (unsigned int)CHANGES);
	}
	model_drain(m);
}

static struct kunit_case forest_memory_cases[] = {
	KUNIT_CASE(forest_no_memory),
	KUNIT_CASE(forest_half_memory),
	KUNIT_CASE(forest_back),
	KUNIT_CASE(forest_uneven),
	KUNIT_CASE(forest_bounded),
	{}
};

static struct kunit_suite forest_memory_suite = {
	.name = "mm_ksm_forest_memory",
	.test_cases = forest_memory_cases,
};

kunit_test_suite(forest_memory_suite);
