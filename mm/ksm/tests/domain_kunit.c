// SPDX-License-Identifier: GPL-2.0
/*
 * Domains: one for each key, for as long as it is used.
 */
#include "kunit.h"

#define DOMAINS		3000	/* many to a bucket of the hash */

static struct ksm_domain_key key_of(unsigned int i)
{
	return (struct ksm_domain_key){
		.group = i % 10,
		.own = i / 10 % 10,
		.user = i / 100 + 1,
	};
}

/* How many domains there are beside the global one, by a walk over their indexes. */
static unsigned int others(struct kunit *test)
{
	struct ksm_index *index = ksm_domain_next_index(NULL);
	unsigned int indexes = 0;

	KUNIT_EXPECT_PTR_EQ(test, index, ksm_domain_index(ksm_domain_global(), 0));
	for (; index; index = ksm_domain_next_index(index)) {
		KUNIT_EXPECT_EQ(test, index->nid, (int)(indexes % nr_node_ids));
		indexes++;
	}
	KUNIT_EXPECT_EQ(test, indexes % nr_node_ids, 0U);
	return indexes / nr_node_ids - 1;
}

static void domain_by_key(struct kunit *test)
{
	long bytes = atomic_long_read(&ksm_stats.bytes);
	struct ksm_domain **domain;
	struct ksm_domain_key key;
	unsigned int i;

	domain = kunit_kcalloc(test, DOMAINS, sizeof(*domain), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, domain);
	for (i = 0; i < DOMAINS; i++) {
		key = key_of(i);
		domain[i] = ksm_domain_get(&key);
		KUNIT_ASSERT_NOT_NULL(test, domain[i]);
		KUNIT_EXPECT_TRUE(test, ksm_domain_has(domain[i], &key));
		key = key_of(i + 1);
		KUNIT_EXPECT_FALSE(test, ksm_domain_has(domain[i], &key));
	}
	KUNIT_EXPECT_EQ(test, others(test), (unsigned int)DOMAINS);
	for (i = 0; i < DOMAINS; i++) {
		key = key_of(i);
		KUNIT_EXPECT_PTR_EQ(test, ksm_domain_get(&key), domain[i]);
		ksm_domain_put(domain[i]);
	}
	ksm_domain_reap();
	KUNIT_EXPECT_EQ(test, others(test), (unsigned int)DOMAINS);

	/* Those that are left, and come back to, stay. */
	for (i = 0; i < DOMAINS; i++)
		ksm_domain_put(domain[i]);
	KUNIT_EXPECT_EQ(test, others(test), (unsigned int)DOMAINS);
	for (i = 0; i < DOMAINS; i += 3) {
		key = key_of(i);
		KUNIT_EXPECT_PTR_EQ(test, ksm_domain_get(&key), domain[i]);
	}
	ksm_domain_reap();
	KUNIT_EXPECT_EQ(test, others(test), (unsigned int)DOMAINS / 3);
	for (i = 0; i < DOMAINS; i += 3)
		ksm_domain_put(domain[i]);
	ksm_domain_reap();
	KUNIT_EXPECT_EQ(test, others(test), 0U);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&ksm_stats.bytes), bytes);
}

static void domain_global(struct kunit *test)
{
	struct ksm_domain_key none = {};

	KUNIT_EXPECT_PTR_EQ(test, ksm_domain_get(&none), ksm_domain_global());
	ksm_domain_put(ksm_domain_global());
	ksm_domain_reap();
	KUNIT_EXPECT_PTR_EQ(test, ksm_domain_get(&none), ksm_domain_global());
	KUNIT_EXPECT_EQ(test, others(test), 0U);
}

static void domain_kept_by_nodes(struct kunit *test)
{
	struct ksm_stable *stable = ksm_stable_alloc();
	struct ksm_domain_key key = { .group = 1 };
	struct ksm_domain *domain = ksm_domain_get(&key);

	KUNIT_ASSERT_NOT_NULL(test, stable);
	KUNIT_ASSERT_NOT_NULL(test, domain);
	stable->word = KSM_KEY_UNIT;
	ksm_stable_insert(ksm_domain_index(domain, 0), stable);
	ksm_domain_put(domain);
	ksm_domain_reap();
	KUNIT_EXPECT_EQ(test, others(test), 1U);
	KUNIT_EXPECT_PTR_EQ(test, ksm_domain_get(&key), domain);
	ksm_domain_put(domain);

	ksm_stable_erase(stable);
	ksm_domain_reap();
	KUNIT_EXPECT_EQ(test, others(test), 0U);
}

static void domain_keeps_apart(struct kunit *test)
{
	struct ksm_domain_key key[2] = { { .own = 1 }, { .own = 2 } };
	struct ksm_tile *tile = ksm_test_tile(test);
	struct ksm_index *index[2];
	int i;

	for (i = 0; i < 2; i++) {
		struct ksm_domain *domain = ksm_domain_get(&key[i]);

		KUNIT_ASSERT_NOT_NULL(test, domain);
		index[i] = ksm_domain_index(domain, 0);
	}
	ksm_unstable_insert(index[0], ksm_slot(tile, 0), KSM_KEY_UNIT);
	KUNIT_EXPECT_PTR_EQ(test, ksm_unstable_first(index[0], KSM_KEY_UNIT),
			    ksm_slot(tile, 0));
	KUNIT_EXPECT_NULL(test, ksm_unstable_first(index[1], KSM_KEY_UNIT));
	KUNIT_EXPECT_TRUE(test, ksm_unstable_insert_only(index[1], ksm_slot(tile, 1),
							 KSM_KEY_UNIT));
	ksm_unstable_erase(index[0], ksm_slot(tile, 0));
	ksm_unstable_erase(index[1], ksm_slot(tile, 1));
	ksm_domain_put(index[0]->domain);
	ksm_domain_put(index[1]->domain);
	ksm_domain_reap();
	KUNIT_EXPECT_EQ(test, others(test), 0U);
}

static struct kunit_case domain_cases[] = {
	KUNIT_CASE(domain_by_key),
	KUNIT_CASE(domain_global),
	KUNIT_CASE(domain_kept_by_nodes),
	KUNIT_CASE(domain_keeps_apart),
	{}
};

static struct kunit_suite domain_suite = {
	.name = "mm_ksm_domain",
	.test_cases = domain_cases,
};

kunit_test_suite(domain_suite);
