// SPDX-License-Identifier: GPL-2.0
/*
 * Forests that grow and shrink: what is in, in which order, and how deep.
 */
#include <linux/log2.h>

#include "forest.h"

#define STEPS		40000

/* The extremes are there: a comparison that takes a key as signed fails. */
static u64 few_keys(struct model *m)
{
	static const u64 key[] = {
		0, KSM_KEY_UNIT, 2 * KSM_KEY_UNIT, 1ULL << 62, (1ULL << 63) - KSM_KEY_UNIT,
		1ULL << 63, KSM_KEY_MASK - KSM_KEY_UNIT, KSM_KEY_MASK,
	};

	return key[ksm_test_below(&m->rng, ARRAY_SIZE(key))];
}

static u64 small_keys(struct model *m)
{
	return ksm_test_below(&m->rng, 1000) * KSM_KEY_UNIT;
}

struct kind {
	const char *name;
	u64 (*key)(struct model *m);
	unsigned int entries;
	bool each;			/* few tie, so that each can be looked up */
	bool short_of_memory;		/* at times */
};

static const struct kind kinds[] = {
	{ "unique", any_key, ENTRIES, true, false },
	{ "unique, memory at times", any_key, ENTRIES, true, true },
	{ "few", any_key, SMALL, true, false },
	{ "tied", few_keys, ENTRIES, false, false },
	{ "tied, memory at times", few_keys, ENTRIES, false, true },
	{ "lopsided", lopsided_keys, ENTRIES, false, false },
	{ "lopsided, memory at times", lopsided_keys, ENTRIES, false, true },
	{ "one root's", small_keys, 2048, false, false },
};

static void kind_desc(const struct kind *kind, char *desc)
{
	strscpy(desc, kind->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(kind, kinds, kind_desc);

/* Up and down, so that it grows and shrinks through all sizes. */
static void forest_random(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct model *m = model_new(test, 20261126);
	bool stubbed = false;

	for (m->rng.step = 0; m->rng.step < STEPS; m->rng.step++) {
		struct entry *entry = &m->entry[ksm_test_below(&m->rng, kind->entries)];
		bool up = (m->rng.step / ENTRIES) & 1 ? !ksm_test_below(&m->rng, 8) :
							ksm_test_below(&m->rng, 8);

		if (kind->short_of_memory && !ksm_test_below(&m->rng, 1000)) {
			if (stubbed)
				kunit_deactivate_static_stub(test, ksm_roots_alloc_table);
			else
				kunit_activate_static_stub(test, ksm_roots_alloc_table,
							   no_table);
			stubbed = !stubbed;
		}
		if (up && !entry->in) {
			set_key(m, entry, kind->key(m));
			model_add(m, entry);
		} else if (!up && entry->in) {
			model_erase(m, entry);
		}
		if (kind->each)
			check_found(m, entry);
		if (m->rng.step % 512 == 0)
			check_all(m, kind->each);
	}
	check_all(m, kind->each);
	model_drain(m);
}

/* As many levels as a few entries have, however many there are. */
static void forest_levels(struct kunit *test)
{
	struct model *m = model_new(test, 1);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, ksm_forest_levels(&m->forest), 0U);
	for (i = 0; i < ENTRIES; i++) {
		unsigned int levels;

		set_key(m, &m->entry[i], any_key(m));
		model_add(m, &m->entry[i]);
		if (!is_power_of_2(i + 1))
			continue;
		levels = ksm_forest_levels(&m->forest);
		if (!m->forest.last)
			KUNIT_EXPECT_GE(test, levels, (unsigned int)ilog2(i + 1) + 1);
		KUNIT_EXPECT_LE(test, levels, 2 * (unsigned int)ilog2(min(i, 500U) + 2));
	}
	KUNIT_EXPECT_LE(test, ksm_forest_levels(&m->forest), 9U);
	model_drain(m);
}

/* Each that is in all the while is met once, whatever comes and goes. */
static void forest_walk_grow(struct kunit *test)
{
	struct model *m = model_new(test, 4);
	struct rb_node *node, *next;
	unsigned int i, few = 300;

	fill(m, 0, few, lopsided_keys);
	i = few;
	for (node = ksm_forest_first(&m->forest, 0); node; node = next) {
		unsigned int nr;

		/* As ksm_stable_iter_next() does: the next one is known by then. */
		next = ksm_forest_next(&m->forest, node);
		KUNIT_EXPECT_FALSE(test, entry_of(node)->seen);
		entry_of(node)->seen = true;
		nr = min(20U, ENTRIES - i);
		fill(m, i, nr, any_key);
		i += nr;
	}
	KUNIT_EXPECT_GT(test, m->forest.last, ENTRIES / 32UL);
	for (i = 0; i < few; i++)
		KUNIT_EXPECT_TRUE(test, m->entry[i].seen);
	model_drain(m);
}

static void forest_walk_shrink(struct kunit *test)
{
	struct model *m = model_new(test, 5);
	struct rb_node *node, *next;
	unsigned int i;

	fill(m, 0, ENTRIES, lopsided_keys);
	for (node = ksm_forest_first(&m->forest, 0); node; node = next) {
		next = ksm_forest_next(&m->forest, node);
		entry_of(node)->seen = true;
		if (ksm_test_below(&m->rng, 50))
			model_erase(m, entry_of(node));
	}
	for (i = 0; i < ENTRIES; i++)
		KUNIT_EXPECT_TRUE(test, m->entry[i].seen);
	KUNIT_EXPECT_LT(test, m->forest.last, 300UL);
	check_all(m, false);
	model_drain(m);
}

static void forest_replace(struct kunit *test)
{
	struct model *m = model_new(test, 6);
	unsigned int half = ENTRIES / 2, i;

	fill(m, 0, half, lopsided_keys);
	for (i = 0; i < half; i++) {
		struct entry *from = &m->entry[i], *to = &m->entry[half + i];

		to->at.word = from->at.word;
		ksm_forest_replace(&m->forest, &from->at.node, &to->at.node);
		to->born = from->born;
		to->in = true;
		from->in = false;
	}
	check_all(m, false);
	model_drain(m);
}

static void forest_only(struct kunit *test)
{
	struct model *m = model_new(test, 7);
	unsigned int i;

	for (i = 0; i < ENTRIES; i++) {
		struct entry *entry = &m->entry[i];
		bool there;

		set_key(m, entry, small_keys(m) << 36);
		there = ksm_forest_find(&m->forest, key_of(entry));
		KUNIT_ASSERT_EQ(test, ksm_forest_insert_only(&m->forest, &entry->at.node),
				!there);
		if (there)
			continue;
		entry->in = true;
		entry->born = m->births++;
		m->nr++;
	}
	KUNIT_EXPECT_GT(test, m->nr, 500U);
	check_all(m, false);
	model_drain(m);
}

/* More entries are to come: there are roots for them before they do. */
static void forest_expected(struct kunit *test)
{
	struct model *m = model_new(test, 8);
	unsigned int i;

	m->forest.expected = 8 * ENTRIES;
	/* But not for so few. */
	fill(m, 0, 200, any_key);
	KUNIT_EXPECT_EQ(test, m->forest.last, 0UL);
	fill(m, 200, ENTRIES - 200, any_key);
	KUNIT_EXPECT_GT(test, m->forest.last, ENTRIES / 4UL);
	check_all(m, false);
	/* Half of them come no more, and half of the others go. */
	m->forest.expected = 4 * ENTRIES;
	for (i = 0; i < ENTRIES; i += 2)
		model_erase(m, &m->entry[i]);
	check_all(m, false);
	/* None comes any more. */
	m->forest.expected = 0;
	model_drain(m);
}

static struct kunit_case forest_cases[] = {
	KUNIT_CASE_PARAM(forest_random, kind_gen_params),
	KUNIT_CASE(forest_levels),
	KUNIT_CASE(forest_walk_grow),
	KUNIT_CASE(forest_walk_shrink),
	KUNIT_CASE(forest_replace),
	KUNIT_CASE(forest_only),
	KUNIT_CASE(forest_expected),
	{}
};

static struct kunit_suite forest_suite = {
	.name = "mm_ksm_forest",
	.test_cases = forest_cases,
};

kunit_test_suite(forest_suite);
