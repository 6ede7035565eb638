// SPDX-License-Identifier: GPL-2.0
/*
 * Watched nodes against flags that say which are: each comes once in a round, also those
 * for which there was no memory, once there is.
 */
#include <kunit/static_stub.h>

#include "process.h"

#define NODES	1000
#define STEPS	60000

struct model {
	struct ksm_test_rng rng;
	struct ksm_stable *node[NODES];
	bool watched[NODES];
	bool looked_at[NODES];	/* in this round, or it may have been */
	unsigned int nr;
	bool no_memory;
};

static bool no_room(gfp_t gfp)
{
	return false;
}

static struct model *model_new(struct kunit *test, u32 seed)
{
	struct model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->rng = ksm_test_rng(seed);
	for (i = 0; i < NODES; i++) {
		m->node[i] = ksm_stable_alloc();
		KUNIT_ASSERT_NOT_NULL(test, m->node[i]);
		m->node[i]->word = KEY(i);
		m->node[i]->pfn = i;
		ksm_stable_insert(index_of(test), m->node[i]);
	}
	return m;
}

static void model_set_memory(struct kunit *test, struct model *m, bool memory)
{
	if (m->no_memory == !memory)
		return;
	m->no_memory = !memory;
	if (memory)
		kunit_deactivate_static_stub(test, ksm_watch_grow);
	else
		kunit_activate_static_stub(test, ksm_watch_grow, no_room);
}

static void model_add(struct model *m, unsigned int i)
{
	ksm_watch_add(m->node[i]);
	m->nr += !m->watched[i];
	m->watched[i] = true;
}

static void model_end(struct model *m, unsigned int i)
{
	ksm_watch_end(m->node[i]);
	m->nr -= m->watched[i];
	m->watched[i] = false;
	m->looked_at[i] = false;
}

/* Look at the next one, and perhaps do no more so. */
static bool look(struct kunit *test, struct model *m)
{
	struct ksm_stable *stable = ksm_watch_first();
	unsigned long i;

	if (!stable)
		return false;
	i = stable->pfn;
	KUNIT_ASSERT_LT(test, i, (unsigned long)NODES);
	KUNIT_ASSERT_PTR_EQ(test, m->node[i], stable);
	KUNIT_ASSERT_TRUE_MSG(test, m->watched[i] && !m->looked_at[i], "%s",
			      ksm_test_at(&m->rng));
	ksm_watch_pass(stable);
	m->looked_at[i] = true;
	if (!ksm_test_below(&m->rng, 4))
		model_end(m, i);
	return true;
}

/* With memory, all that are watched come in the round that begins. */
static void begin_round(struct kunit *test, struct model *m)
{
	bool memory = ksm_test_below(&m->rng, 3);
	unsigned int i;

	model_set_memory(test, m, memory);
	KUNIT_ASSERT_TRUE(test, ksm_watch_rewind() || !memory);
	memset(m->looked_at, 0, sizeof(m->looked_at));
	if (!memory || ksm_test_below(&m->rng, 2))
		return;
	while (look(test, m))
		;
	for (i = 0; i < NODES; i++)
		KUNIT_ASSERT_EQ_MSG(test, m->watched[i], m->looked_at[i], "%s",
				    ksm_test_at(&m->rng));
}

static void step(struct kunit *test, struct model *m)
{
	/* Now more come than go, now the other way. */
	unsigned int coming = m->rng.step / 4000 % 2 ? 3 : 5;
	unsigned int i = ksm_test_below(&m->rng, NODES);
	unsigned int what = ksm_test_below(&m->rng, 10);

	if (!ksm_test_below(&m->rng, 200))
		model_set_memory(test, m, m->no_memory);
	if (!ksm_test_below(&m->rng, 500))
		begin_round(test, m);
	else if (what < coming)
		model_add(m, i);
	else if (what < 8)
		model_end(m, i);
	else
		look(test, m);
	KUNIT_ASSERT_EQ_MSG(test, ksm_watch_any(), !!m->nr, "%s", ksm_test_at(&m->rng));
}

static void watch_random(struct kunit *test)
{
	struct model *m = model_new(test, 20261128);
	struct fixture *f = test->priv;
	unsigned int i;

	for (m->rng.step = 0; m->rng.step < STEPS; m->rng.step++)
		step(test, m);
	for (i = 0; i < NODES; i++) {
		model_end(m, i);
		ksm_stable_erase(m->node[i]);
	}
	KUNIT_EXPECT_FALSE(test, ksm_watch_any());
	KUNIT_EXPECT_NULL(test, ksm_watch_first());
	KUNIT_EXPECT_TRUE(test, ksm_watch_rewind());
	KUNIT_EXPECT_EQ(test, atomic_long_read(&ksm_stats.bytes), f->bytes);
}

static struct kunit_case watch_cases[] = {
	KUNIT_CASE(watch_random),
	{}
};

static struct kunit_suite watch_suite = {
	.name = "mm_ksm_watch",
	.init = ksm_test_process,
	.test_cases = watch_cases,
};

kunit_test_suite(watch_suite);
