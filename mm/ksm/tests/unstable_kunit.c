// SPDX-License-Identifier: GPL-2.0
/*
 * Unstable trees against an array that says which slot is in with which key.
 */
#include "kunit.h"

#define TILES		4
#define SLOTS		(TILES * KSM_TILE_PAGES)
#define STEPS		20000

/* Few enough that most insertions tie. */
#define KEYS		7

/* The smallest difference between two keys. */

struct model {
	struct kunit *test;
	struct ksm_test_rng rng;
	struct ksm_index index;
	unsigned long unshared;		/* of others */
	struct ksm_slot *slot[SLOTS];
	u64 key[SLOTS];
	bool in[SLOTS];
	bool seen[SLOTS];
	unsigned int nr;
};

static struct model *model_new(struct kunit *test, u32 seed)
{
	struct model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->test = test;
	m->rng = ksm_test_rng(seed);
	m->index.nid = MAX_NUMNODES - 1;
	m->unshared = ksm_stats.unshared;
	for (i = 0; i < SLOTS; i += KSM_TILE_PAGES) {
		struct ksm_tile *tile = ksm_test_tile(test);
		int j;

		/* So that a slot tells its place in the model. */
		tile->pgoff = i;
		for (j = 0; j < KSM_TILE_PAGES; j++)
			m->slot[i + j] = ksm_slot(tile, j);
	}
	return m;
}

static unsigned int place(struct ksm_slot *slot)
{
	return ksm_slot_tile(slot)->pgoff + ksm_slot_nr(slot);
}

static bool model_has(struct model *m, u64 key)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		if (m->in[i] && m->key[i] == (key & KSM_KEY_MASK))
			return true;
	return false;
}

/* First as the only one of its key, which must fail if there is another. */
static void model_insert(struct model *m, unsigned int i, u64 key)
{
	bool only = ksm_unstable_insert_only(&m->index, m->slot[i], key);

	KUNIT_ASSERT_EQ_MSG(m->test, only, !model_has(m, key), "%s",
			    ksm_test_at(&m->rng));
	if (!only)
		ksm_unstable_insert(&m->index, m->slot[i], key);
	m->key[i] = key & KSM_KEY_MASK;
	m->in[i] = true;
	m->nr++;
}

static void model_erase(struct model *m, unsigned int i)
{
	ksm_unstable_erase(&m->index, m->slot[i]);
	m->in[i] = false;
	m->nr--;
}

/* A look-up gives each slot of a key once, and no other. */
static void check_key(struct model *m, u64 key)
{
	struct kunit *test = m->test;
	struct ksm_slot *slot;
	unsigned int i, want = 0, got = 0;

	memset(m->seen, 0, sizeof(m->seen));
	for (i = 0; i < SLOTS; i++)
		want += m->in[i] && m->key[i] == key;

	for (slot = ksm_unstable_first(&m->index, key); slot;
	     slot = ksm_unstable_next(slot)) {
		i = place(slot);
		KUNIT_ASSERT_PTR_EQ_MSG(test, slot, m->slot[i], "%s",
					ksm_test_at(&m->rng));
		KUNIT_ASSERT_TRUE_MSG(test,
				      m->in[i] && m->key[i] == key && !m->seen[i],
				      "slot %u, %s", i, ksm_test_at(&m->rng));
		m->seen[i] = true;
		got++;
	}
	KUNIT_ASSERT_EQ_MSG(test, got, want, "%s", ksm_test_at(&m->rng));
}

/* The tree holds what the model holds, in order. */
static void check_all(struct model *m)
{
	struct kunit *test = m->test;
	struct rb_node *node;
	unsigned int nr = 0;
	u64 last = 0;

	for (node = ksm_forest_first(&m->index.unstable, 0); node;
	     node = ksm_forest_next(&m->index.unstable, node)) {
		struct ksm_slot *slot = rb_entry(node, struct ksm_slot, node);
		unsigned int i = place(slot);

		KUNIT_ASSERT_TRUE_MSG(test, m->in[i], "slot %u, %s", i,
				      ksm_test_at(&m->rng));
		KUNIT_ASSERT_EQ_MSG(test, ksm_slot_key(slot), m->key[i], "%s",
				    ksm_test_at(&m->rng));
		KUNIT_ASSERT_EQ(test, ksm_slot_nid(slot), m->index.nid);
		KUNIT_ASSERT_GE_MSG(test, m->key[i], last, "%s",
				    ksm_test_at(&m->rng));
		last = m->key[i];
		nr++;
	}
	KUNIT_ASSERT_EQ_MSG(test, nr, m->nr, "%s", ksm_test_at(&m->rng));
	KUNIT_ASSERT_EQ_MSG(test, ksm_stats.unshared - m->unshared,
			    (unsigned long)nr, "%s", ksm_test_at(&m->rng));
}

static void model_drain(struct model *m)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		if (m->in[i])
			model_erase(m, i);
	KUNIT_EXPECT_TRUE(m->test, ksm_forest_empty(&m->index.unstable));
	KUNIT_EXPECT_EQ(m->test, ksm_stats.unshared, m->unshared);
}

/* Random insertions and removals; keys out of @key, or any if @nr is 0. */
static void run(struct model *m, const u64 *key, unsigned int nr)
{
	for (m->rng.step = 0; m->rng.step < STEPS; m->rng.step++) {
		unsigned int i = ksm_test_below(&m->rng, SLOTS);
		u64 k = nr ? key[ksm_test_below(&m->rng, nr)] : ksm_test_u64(&m->rng);

		/* What is below a key must not matter. */
		k |= ksm_test_u64(&m->rng) & ~KSM_KEY_MASK;
		if (m->in[i])
			model_erase(m, i);
		else
			model_insert(m, i, k);
		check_key(m, k & KSM_KEY_MASK);
		check_key(m, m->key[i]);
		if (m->rng.step % 64 == 0)
			check_all(m);
	}
	check_all(m);
	model_drain(m);
}

static void unstable_random(struct kunit *test)
{
	run(model_new(test, 20240917), NULL, 0);
}

/* The extremes are there: a comparison that takes a key as signed fails. */
static void unstable_random_ties(struct kunit *test)
{
	static const u64 key[KEYS] = {
		0, KSM_KEY_UNIT, 2 * KSM_KEY_UNIT, 1ULL << 62, 1ULL << 63,
		KSM_KEY_MASK - KSM_KEY_UNIT, KSM_KEY_MASK,
	};

	run(model_new(test, 6), key, KEYS);
}

static void unstable_all_tie(struct kunit *test)
{
	static const u64 key[] = { KSM_KEY_MASK };

	run(model_new(test, 12), key, ARRAY_SIZE(key));
}

static void unstable_absent(struct kunit *test)
{
	struct model *m = model_new(test, 0);

	KUNIT_EXPECT_NULL(test, ksm_unstable_first(&m->index, 0));
	model_insert(m, 0, 4 * KSM_KEY_UNIT);
	model_insert(m, 1, 6 * KSM_KEY_UNIT);
	KUNIT_EXPECT_NULL(test, ksm_unstable_first(&m->index, 0));
	KUNIT_EXPECT_NULL(test, ksm_unstable_first(&m->index, 3 * KSM_KEY_UNIT));
	KUNIT_EXPECT_NULL(test, ksm_unstable_first(&m->index, 5 * KSM_KEY_UNIT));
	KUNIT_EXPECT_NULL(test, ksm_unstable_first(&m->index, KSM_KEY_MASK));
	KUNIT_EXPECT_PTR_EQ(test, ksm_unstable_first(&m->index, 4 * KSM_KEY_UNIT),
			    m->slot[0]);
	/* The neighbour of another key is not a tie. */
	KUNIT_EXPECT_NULL(test, ksm_unstable_next(m->slot[0]));
	model_drain(m);
}

/* A page that leaves the tree is still known by its fingerprint. */
static void unstable_erase_keeps_key(struct kunit *test)
{
	struct model *m = model_new(test, 0);
	u64 key = 0x123456789abcdef0ULL & KSM_KEY_MASK;

	model_insert(m, 77, key);
	model_erase(m, 77);
	KUNIT_EXPECT_EQ(test, ksm_slot_key(m->slot[77]), key);
	KUNIT_EXPECT_EQ(test, place(m->slot[77]), 77U);
	model_drain(m);
}

static struct kunit_case unstable_cases[] = {
	KUNIT_CASE(unstable_random),
	KUNIT_CASE(unstable_random_ties),
	KUNIT_CASE(unstable_all_tie),
	KUNIT_CASE(unstable_absent),
	KUNIT_CASE(unstable_erase_keeps_key),
	{}
};

static struct kunit_suite unstable_suite = {
	.name = "mm_ksm_unstable",
	.test_cases = unstable_cases,
};

kunit_test_suite(unstable_suite);
