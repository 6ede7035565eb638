// SPDX-License-Identifier: GPL-2.0
/*
 * Walks of the indexes: each node once, whatever is freed on the way.
 */
#include <linux/log2.h>

#include "process.h"

/* Enough for many trees, which there are fewer of as nodes are freed. */
#define NODES		6000
#define CONTENTS	3000

struct model {
	struct ksm_stable *node[NODES];
	unsigned int seen[NODES];
	unsigned int nodes;
};

/* Contents of one to many nodes, some of which have lost their head. */
static struct model *model_new(struct kunit *test, struct ksm_test_rng *rng,
			       struct ksm_index *index)
{
	struct model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, m);
	for (i = 0; i < NODES; i++) {
		struct ksm_stable *stable = ksm_stable_alloc(), *head = NULL;
		u64 key = KEY(ksm_test_below(rng, CONTENTS)) * 0x9e3779b97f4a7c15ULL;

		KUNIT_ASSERT_NOT_NULL(test, stable);
		key &= KSM_KEY_MASK;
		stable->word = key;
		/* To tell it by; no frame of that number is looked at. */
		stable->pfn = i;
		/* Contents may tie. */
		if (ksm_test_below(rng, 8))
			head = ksm_stable_first(index, key);
		if (head)
			KUNIT_ASSERT_TRUE(test, ksm_stable_chain(head, stable));
		else
			ksm_stable_insert(index, stable);
		m->node[i] = stable;
	}
	for (i = 0; i < NODES; i++) {
		struct ksm_stable *stable = m->node[i];

		if (ksm_stable_head(stable) != stable || ksm_test_below(rng, 3)) {
			m->nodes++;
			continue;
		}
		m->node[i] = NULL;
		ksm_stable_erase(stable);
	}
	return m;
}

static void model_see(struct kunit *test, struct model *m, struct ksm_stable *stable)
{
	KUNIT_ASSERT_LT(test, stable->pfn, (unsigned long)NODES);
	KUNIT_EXPECT_PTR_EQ(test, m->node[stable->pfn], stable);
	m->seen[stable->pfn]++;
}

static void model_expect_once(struct kunit *test, struct model *m)
{
	unsigned int i;

	for (i = 0; i < NODES; i++) {
		KUNIT_EXPECT_EQ(test, m->seen[i], (unsigned int)!!m->node[i]);
		m->seen[i] = 0;
	}
}

/* With nothing freed, and then with each node, or each but a few, freed at its turn. */
static void index_iter(struct kunit *test)
{
	struct ksm_test_rng rng = ksm_test_rng(20261126);
	struct ksm_index *index = index_of(test);
	struct ksm_stable_iter iter;
	struct ksm_stable *stable;
	struct model *m;
	int round;

	for (round = 0; round < 10; round++) {
		m = model_new(test, &rng, index);
		KUNIT_EXPECT_GT(test, index->stable.last, 100UL);
		iter = (struct ksm_stable_iter){};
		while ((stable = ksm_stable_iter_next(&iter)))
			model_see(test, m, stable);
		model_expect_once(test, m);

		iter = (struct ksm_stable_iter){};
		while ((stable = ksm_stable_iter_next(&iter))) {
			model_see(test, m, stable);
			if (ksm_test_below(&rng, 10))
				ksm_stable_erase(stable);
		}
		model_expect_once(test, m);

		iter = (struct ksm_stable_iter){};
		while ((stable = ksm_stable_iter_next(&iter)))
			ksm_stable_erase(stable);
		KUNIT_EXPECT_TRUE(test, ksm_forest_empty(&index->stable));
	}
	expect_nothing(test);
}

static void index_levels(struct kunit *test)
{
	struct ksm_index *index = index_of(test);
	struct ksm_stable *stable;
	struct ksm_stable_iter iter = {};
	unsigned int i, levels;

	KUNIT_EXPECT_EQ(test, ksm_index_stable_levels(), 0U);
	for (i = 1; i <= 200; i++) {
		stable = ksm_stable_alloc();
		KUNIT_ASSERT_NOT_NULL(test, stable);
		stable->word = KEY(i);
		stable->pfn = i;
		ksm_stable_insert(index, stable);
		levels = ksm_index_stable_levels();
		/* As deep as it has to be, and as a red-black tree may be. */
		KUNIT_EXPECT_GE(test, levels, (unsigned int)ilog2(i) + 1);
		KUNIT_EXPECT_LE(test, levels, 2 * (unsigned int)ilog2(i + 1) + 1);
	}
	while ((stable = ksm_stable_iter_next(&iter)))
		ksm_stable_erase(stable);
	KUNIT_EXPECT_EQ(test, ksm_index_stable_levels(), 0U);
}

/* In order, and as many as were put there. */
static void index_unstable(struct kunit *test)
{
	struct ksm_tile *tile = tile_new(test, BASE);
	struct ksm_index *index = index_of(test);
	unsigned int nr = 0;
	struct ksm_slot *slot;
	u64 last = 0;

	KUNIT_EXPECT_EQ(test, ksm_index_unstable_levels(), 0U);
	ksm_tile_track(tile, ALL);
	index_pages(test, tile, ALL);
	for (slot = ksm_index_first_unstable(index); slot;
	     slot = ksm_index_next_unstable(index, slot)) {
		KUNIT_EXPECT_GT(test, ksm_slot_key(slot), last);
		last = ksm_slot_key(slot);
		nr++;
	}
	KUNIT_EXPECT_EQ(test, nr, 64U);
	KUNIT_EXPECT_GE(test, ksm_index_unstable_levels(), 7U);
	KUNIT_EXPECT_LE(test, ksm_index_unstable_levels(), 12U);
	ksm_forget_pages(tile, ALL);
	KUNIT_EXPECT_TRUE(test, ksm_forget_trim(tile));
	KUNIT_EXPECT_EQ(test, ksm_index_unstable_levels(), 0U);
	expect_nothing(test);
}

static struct kunit_case index_cases[] = {
	KUNIT_CASE(index_iter),
	KUNIT_CASE(index_levels),
	KUNIT_CASE(index_unstable),
	{}
};

static struct kunit_suite index_suite = {
	.name = "mm_ksm_index",
	.init = ksm_test_process,
	.test_cases = index_cases,
};

kunit_test_suite(index_suite);
