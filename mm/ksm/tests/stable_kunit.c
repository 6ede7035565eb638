// SPDX-License-Identifier: GPL-2.0
/*
 * Stable trees against arrays that say which node holds which content, and
 * which slot maps to which node.
 */
#include <kunit/static_stub.h>

#include "kunit.h"

#define CONTENTS	24
#define NODES		6	/* of one content */
#define SHARES		3	/* mappings of one node */
#define TILES		4
#define SLOTS		(TILES * KSM_TILE_PAGES)
#define STEPS		30000

/* Few enough that most contents tie, with both extremes. */
static const u64 keys[] = { 0, KSM_KEY_UNIT, 1ULL << 63, KSM_KEY_MASK };

/* A content is in the tree while it has nodes. */
struct content {
	u64 key;
	struct ksm_stable *head;
	struct ksm_stable *node[NODES];		/* those with a folio */
	unsigned int mappings[NODES];
	unsigned int live;
};

struct model {
	struct kunit *test;
	struct ksm_test_rng rng;
	struct ksm_index index;
	struct content content[CONTENTS];
	struct ksm_slot *slot[SLOTS];
	struct ksm_stable *mapped[SLOTS];
	struct ksm_stats before;
	long bytes;
};

static struct model *model_new(struct kunit *test, u32 seed)
{
	struct model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->test = test;
	m->rng = ksm_test_rng(seed);
	m->before = ksm_stats;
	m->bytes = atomic_long_read(&ksm_stats.bytes);
	for (i = 0; i < SLOTS; i += KSM_TILE_PAGES) {
		struct ksm_tile *tile = ksm_test_tile(test);
		int j;

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

/* Content and number of the node that @stable is, of those with a folio. */
static struct content *find(struct model *m, struct ksm_stable *stable,
			    unsigned int *nr)
{
	unsigned int c, n;

	for (c = 0; c < CONTENTS; c++) {
		for (n = 0; n < m->content[c].live; n++) {
			if (m->content[c].node[n] == stable) {
				*nr = n;
				return &m->content[c];
			}
		}
	}
	return NULL;
}

static void model_add(struct model *m, struct content *content)
{
	struct ksm_stable *stable = ksm_stable_alloc();

	KUNIT_ASSERT_NOT_NULL(m->test, stable);
	KUNIT_ASSERT_TRUE(m->test, IS_ALIGNED((unsigned long)stable, KSM_STABLE_ALIGN));
	if (content->live) {
		stable->word = content->key;
		KUNIT_ASSERT_TRUE(m->test, ksm_stable_chain(content->head, stable));
	} else {
		content->key = keys[ksm_test_below(&m->rng, ARRAY_SIZE(keys))];
		stable->word = content->key;
		ksm_stable_insert(&m->index, stable);
		content->head = stable;
	}
	content->mappings[content->live] = 0;
	content->node[content->live++] = stable;
}

static void model_erase(struct content *content, unsigned int nr)
{
	ksm_stable_erase(content->node[nr]);
	content->live--;
	content->node[nr] = content->node[content->live];
	content->mappings[nr] = content->mappings[content->live];
}

static void model_map(struct model *m, struct content *content, unsigned int nr,
		      unsigned int slot)
{
	ksm_stable_map(content->node[nr], m->slot[slot], SHARES);
	content->mappings[nr]++;
	m->mapped[slot] = content->node[nr];
}

static void model_unmap(struct model *m, unsigned int slot)
{
	unsigned int nr;
	struct content *content = find(m, m->mapped[slot], &nr);

	KUNIT_ASSERT_NOT_NULL(m->test, content);
	ksm_stable_unmap(m->mapped[slot], m->slot[slot], SHARES);
	content->mappings[nr]--;
	m->mapped[slot] = NULL;
}

/* A look-up gives the head of each content of a key once, and no other. */
static void check_key(struct model *m, u64 key)
{
	struct kunit *test = m->test;
	unsigned int want = 0, got = 0;
	struct ksm_stable *head;
	unsigned int c;
	u32 seen = 0;

	BUILD_BUG_ON(CONTENTS > 32);
	for (c = 0; c < CONTENTS; c++)
		want += m->content[c].live && m->content[c].key == key;
	for (head = ksm_stable_first(&m->index, key); head;
	     head = ksm_stable_next(head)) {
		for (c = 0; c < CONTENTS; c++)
			if (m->content[c].live && m->content[c].head == head)
				break;
		KUNIT_ASSERT_TRUE_MSG(test, c < CONTENTS && !(seen & BIT(c)),
				      "%s", ksm_test_at(&m->rng));
		KUNIT_ASSERT_EQ_MSG(test, m->content[c].key, key, "%s",
				    ksm_test_at(&m->rng));
		seen |= BIT(c);
		got++;
	}
	KUNIT_ASSERT_EQ_MSG(test, got, want, "%s", ksm_test_at(&m->rng));
}

/* A node with room is found if there is one; if there is none, none is. */
static void check_pick(struct model *m, struct content *content)
{
	struct kunit *test = m->test;
	struct ksm_stable *pick = ksm_stable_pick(content->head, SHARES);
	bool room = false;
	unsigned int n;

	for (n = 0; n < content->live; n++)
		room |= content->mappings[n] < SHARES;
	KUNIT_ASSERT_EQ_MSG(test, !!pick, room, "%s", ksm_test_at(&m->rng));
	if (!pick)
		return;
	KUNIT_ASSERT_PTR_EQ_MSG(test, find(m, pick, &n), content, "%s",
				ksm_test_at(&m->rng));
	KUNIT_ASSERT_LT_MSG(test, content->mappings[n], (unsigned int)SHARES, "%s",
			    ksm_test_at(&m->rng));
}

/* The chain of a head holds all nodes but the head, those with room first. */
static void check_chain(struct model *m, struct content *content)
{
	struct kunit *test = m->test;
	unsigned int nr = 0, n;
	struct ksm_stable *stable;
	bool full = false;

	for (stable = ksm_stable_next_other(content->head); stable;
	     stable = ksm_stable_next_other(stable)) {
		KUNIT_ASSERT_PTR_EQ_MSG(test, find(m, stable, &n), content,
					"%s", ksm_test_at(&m->rng));
		KUNIT_ASSERT_PTR_EQ(test, ksm_stable_head(stable), content->head);
		KUNIT_ASSERT_FALSE_MSG(test, full && content->mappings[n] < SHARES,
				       "%s", ksm_test_at(&m->rng));
		full = content->mappings[n] == SHARES;
		nr++;
	}
	nr += !!find(m, content->head, &n);
	KUNIT_ASSERT_EQ_MSG(test, nr, content->live, "%s",
			    ksm_test_at(&m->rng));
	KUNIT_ASSERT_EQ_MSG(test, ksm_stable_live(content->head), content->live, "%s",
			    ksm_test_at(&m->rng));
}

static void check_mappings(struct model *m, struct content *content)
{
	struct kunit *test = m->test;
	unsigned int n;

	for (n = 0; n < content->live; n++) {
		struct ksm_stable *stable = content->node[n];
		struct ksm_slot *slot;
		unsigned int nr = 0;

		hlist_for_each_entry(slot, &stable->mappings, link) {
			unsigned int i = place(slot);

			KUNIT_ASSERT_PTR_EQ(test, m->slot[i], slot);
			KUNIT_ASSERT_PTR_EQ_MSG(test, m->mapped[i], stable,
						"%s", ksm_test_at(&m->rng));
			KUNIT_ASSERT_PTR_EQ(test, ksm_slot_stable(slot), stable);
			nr++;
		}
		KUNIT_ASSERT_EQ_MSG(test, nr, content->mappings[n], "%s",
				    ksm_test_at(&m->rng));
		KUNIT_ASSERT_EQ(test, stable->nr, nr);
		KUNIT_ASSERT_PTR_EQ(test, ksm_stable_index(stable), &m->index);
	}
}

static void check_counters(struct model *m)
{
	struct ksm_stats *was = &m->before;
	unsigned long shared = was->shared, sharing = was->sharing;
	unsigned long chains = was->chains, dups = was->dups;
	struct kunit *test = m->test;
	unsigned long nodes = 0, extended = 0;
	unsigned int c, n;

	for (c = 0; c < CONTENTS; c++) {
		struct content *content = &m->content[c];

		nodes += content->live;
		/* A hollow head takes its memory, but counts as nothing. */
		nodes += content->live && !find(m, content->head, &n);
		extended += content->live && ksm_stable_more(content->head);
		if (content->live > 1) {
			chains++;
			dups += content->live;
		}
		for (n = 0; n < content->live; n++) {
			if (content->mappings[n]) {
				shared++;
				sharing += content->mappings[n] - 1;
			}
		}
	}
	KUNIT_ASSERT_EQ_MSG(test, ksm_stats.shared, shared, "%s",
			    ksm_test_at(&m->rng));
	KUNIT_ASSERT_EQ_MSG(test, ksm_stats.sharing, sharing, "%s",
			    ksm_test_at(&m->rng));
	KUNIT_ASSERT_EQ_MSG(test, ksm_stats.chains, chains, "%s",
			    ksm_test_at(&m->rng));
	KUNIT_ASSERT_EQ_MSG(test, ksm_stats.dups, dups, "%s",
			    ksm_test_at(&m->rng));
	KUNIT_ASSERT_EQ_MSG(test, atomic_long_read(&ksm_stats.bytes) - m->bytes,
			    (long)(nodes * sizeof(struct ksm_stable) +
				   extended * sizeof(struct ksm_stable_more)), "%s",
			    ksm_test_at(&m->rng));
}

/* In order, and no node too many. */
static void check_tree(struct model *m)
{
	struct kunit *test = m->test;
	unsigned int want = 0, got = 0;
	struct rb_node *node;
	u64 last = 0;
	int c;

	for (node = ksm_forest_first(&m->index.stable, 0); node;
	     node = ksm_forest_next(&m->index.stable, node)) {
		u64 key = ksm_forest_key(node);

		KUNIT_ASSERT_GE_MSG(test, key, last, "%s",
				    ksm_test_at(&m->rng));
		last = key;
		got++;
	}
	for (c = 0; c < CONTENTS; c++)
		want += !!m->content[c].live;
	KUNIT_ASSERT_EQ_MSG(test, got, want, "%s", ksm_test_at(&m->rng));
}

static void check_all(struct model *m)
{
	int c;

	check_tree(m);
	for (c = 0; c < CONTENTS; c++) {
		if (!m->content[c].live)
			continue;
		check_chain(m, &m->content[c]);
		check_mappings(m, &m->content[c]);
		check_pick(m, &m->content[c]);
	}
	for (c = 0; c < ARRAY_SIZE(keys); c++)
		check_key(m, keys[c]);
}

static void model_drain(struct model *m)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		if (m->mapped[i])
			model_unmap(m, i);
	for (i = 0; i < CONTENTS; i++)
		while (m->content[i].live)
			model_erase(&m->content[i], 0);
	KUNIT_EXPECT_TRUE(m->test, ksm_forest_empty(&m->index.stable));
	check_counters(m);
}

/* One random change, leaning towards mapping so that nodes fill up. */
static void step(struct model *m)
{
	struct content *content = &m->content[ksm_test_below(&m->rng, CONTENTS)];
	unsigned int slot = ksm_test_below(&m->rng, SLOTS);
	unsigned int n;

	switch (ksm_test_below(&m->rng, 8)) {
	case 0:
		if (content->live < NODES)
			model_add(m, content);
		break;
	case 1:
		n = ksm_test_below(&m->rng, NODES);
		if (n < content->live && !content->mappings[n])
			model_erase(content, n);
		break;
	case 2:
	case 3:
		if (m->mapped[slot])
			model_unmap(m, slot);
		break;
	default:
		n = ksm_test_below(&m->rng, NODES);
		if (!m->mapped[slot] && n < content->live &&
		    content->mappings[n] < SHARES)
			model_map(m, content, n, slot);
	}
	if (content->live)
		check_pick(m, content);
}

static void stable_random(struct kunit *test)
{
	struct model *m = model_new(test, 20240917);

	for (m->rng.step = 0; m->rng.step < STEPS; m->rng.step++) {
		step(m);
		check_key(m, keys[m->rng.step % ARRAY_SIZE(keys)]);
		check_counters(m);
		if (m->rng.step % 16 == 0)
			check_all(m);
	}
	check_all(m);
	model_drain(m);
}

/* As merging does it: pick a node, or chain one more where all are full. */
static void stable_fill(struct kunit *test)
{
	struct model *m = model_new(test, 3);
	struct content *content = &m->content[0];
	unsigned int i, n;

	model_add(m, content);
	for (i = 0; i < NODES * SHARES; i++) {
		struct ksm_stable *pick = ksm_stable_pick(content->head, SHARES);

		KUNIT_ASSERT_EQ(test, !pick, i && i % SHARES == 0);
		if (!pick) {
			model_add(m, content);
			pick = ksm_stable_pick(content->head, SHARES);
		}
		KUNIT_ASSERT_PTR_EQ(test, find(m, pick, &n), content);
		model_map(m, content, n, i);
		check_all(m);
		check_counters(m);
	}
	KUNIT_EXPECT_EQ(test, content->live, (unsigned int)NODES);
	KUNIT_EXPECT_NULL(test, ksm_stable_pick(content->head, SHARES));

	/* Whichever mapping goes, its node is the one to be found. */
	for (i = 0; i < NODES * SHARES; i++) {
		struct ksm_stable *stable = m->mapped[i];

		model_unmap(m, i);
		KUNIT_EXPECT_PTR_EQ(test, ksm_stable_pick(content->head, SHARES), stable);
		find(m, stable, &n);
		model_map(m, content, n, i);
	}
	model_drain(m);
}

static void stable_hollow_head(struct kunit *test)
{
	struct model *m = model_new(test, 4);
	struct content *content = &m->content[0];
	struct ksm_stable *head, *other;

	model_add(m, content);
	model_add(m, content);
	head = content->head;
	other = content->node[1];
	KUNIT_EXPECT_EQ(test, ksm_stats.chains, m->before.chains + 1);
	KUNIT_EXPECT_EQ(test, ksm_stats.dups, m->before.dups + 2);

	/* It has room, but no folio to map to. */
	model_erase(content, 0);
	KUNIT_EXPECT_EQ(test, head->pfn, KSM_HOLLOW);
	KUNIT_EXPECT_PTR_EQ(test, ksm_stable_first(&m->index, content->key), head);
	KUNIT_EXPECT_PTR_EQ(test, ksm_stable_pick(head, SHARES), other);
	check_counters(m);
	KUNIT_EXPECT_EQ(test, ksm_stats.chains, m->before.chains);
	KUNIT_EXPECT_EQ(test, ksm_stats.dups, m->before.dups);

	model_map(m, content, 0, 0);
	model_map(m, content, 0, 1);
	model_map(m, content, 0, 2);
	KUNIT_EXPECT_NULL(test, ksm_stable_pick(head, SHARES));

	/* It goes with the last node that it holds. */
	model_unmap(m, 0);
	model_unmap(m, 1);
	model_unmap(m, 2);
	model_erase(content, 0);
	KUNIT_EXPECT_NULL(test, ksm_stable_first(&m->index, content->key));
	KUNIT_EXPECT_TRUE(test, ksm_forest_empty(&m->index.stable));
	check_counters(m);
}

static bool no_memory(struct ksm_stable *stable)
{
	return false;
}

/* What cannot be on the chain is found beside its head. */
static void stable_no_memory(struct kunit *test)
{
	struct ksm_stable *head = ksm_stable_alloc(), *other = ksm_stable_alloc();
	struct model *m = model_new(test, 6);

	KUNIT_ASSERT_NOT_NULL(test, head);
	KUNIT_ASSERT_NOT_NULL(test, other);
	ksm_stable_insert(&m->index, head);
	kunit_activate_static_stub(test, ksm_stable_extend, no_memory);
	KUNIT_EXPECT_FALSE(test, ksm_stable_chain(head, other));
	ksm_stable_insert(&m->index, other);
	kunit_deactivate_static_stub(test, ksm_stable_extend);
	KUNIT_EXPECT_EQ(test, ksm_stats.chains, m->before.chains);
	KUNIT_EXPECT_NULL(test, ksm_stable_next_other(head));
	KUNIT_EXPECT_PTR_EQ(test, ksm_stable_first(&m->index, 0), head);
	KUNIT_EXPECT_PTR_EQ(test, ksm_stable_next(head), other);
	KUNIT_EXPECT_NULL(test, ksm_stable_next(other));
	ksm_stable_erase(head);
	KUNIT_EXPECT_PTR_EQ(test, ksm_stable_first(&m->index, 0), other);
	ksm_stable_erase(other);
	KUNIT_EXPECT_TRUE(test, ksm_forest_empty(&m->index.stable));
}

/* What was there before stays, wherever the node is. */
static void stable_extended(struct kunit *test)
{
	struct model *m = model_new(test, 7);
	struct content *content = &m->content[0];
	unsigned int i;

	for (i = 0; i < 3; i++)
		model_add(m, content);
	for (i = 0; i < 3; i++) {
		struct ksm_stable *stable = content->node[i];
		struct ksm_stable *next = ksm_stable_next_other(stable);

		KUNIT_ASSERT_TRUE(test, ksm_stable_extend(stable));
		KUNIT_EXPECT_PTR_EQ(test, ksm_stable_index(stable), &m->index);
		KUNIT_EXPECT_PTR_EQ(test, ksm_stable_head(stable), content->head);
		KUNIT_EXPECT_PTR_EQ(test, ksm_stable_next_other(stable), next);
		KUNIT_EXPECT_FALSE(test, ksm_stable_anchored(stable));
	}
	model_drain(m);
}

static void stable_absent(struct kunit *test)
{
	struct model *m = model_new(test, 5);
	struct ksm_stable *stable;

	KUNIT_EXPECT_NULL(test, ksm_stable_first(&m->index, 0));
	model_add(m, &m->content[0]);
	stable = m->content[0].head;
	KUNIT_EXPECT_PTR_EQ(test, ksm_stable_first(&m->index, ksm_stable_key(stable)), stable);
	KUNIT_EXPECT_NULL(test, ksm_stable_first(&m->index, ksm_stable_key(stable) + KSM_KEY_UNIT));
	KUNIT_EXPECT_NULL(test, ksm_stable_first(&m->index, ksm_stable_key(stable) - KSM_KEY_UNIT));
	KUNIT_EXPECT_NULL(test, ksm_stable_next(stable));
	model_drain(m);

	/* Nothing to free is nothing to count. */
	ksm_stable_free(NULL);
	check_counters(m);
}

static struct kunit_case stable_cases[] = {
	KUNIT_CASE(stable_random),
	KUNIT_CASE(stable_fill),
	KUNIT_CASE(stable_hollow_head),
	KUNIT_CASE(stable_no_memory),
	KUNIT_CASE(stable_extended),
	KUNIT_CASE(stable_absent),
	{}
};

static struct kunit_suite stable_suite = {
	.name = "mm_ksm_stable",
	.test_cases = stable_cases,
};

kunit_test_suite(stable_suite);
