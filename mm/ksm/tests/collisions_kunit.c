// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of somebody who knows how fingerprints are made, and knew a secret: but not that
 * of this boot.
 */
#include <linux/mm.h>
#include <linux/sched.h>

#include "../forest.h"
#include "kunit.h"

/* A million, or as many as take no longer where pages are large or products are slow. */
#define BYTES		(BITS_PER_LONG == 64 ? 4096000000ULL : 409600000ULL)
#define PAGES		((unsigned int)(BYTES >> PAGE_SHIFT))
#define CONTROLS	1000U

/* A look-up in a tree of so many that are random meets no more. */
#define MOST_LEVELS	48U

/*
 * A CRC keeps 32 bits of what differs in one place only: a few of a million tie by chance,
 * three of them hardly ever.
 */
#define MOST_TIES	3U

static const struct ksm_secret known = {
	.mul = {
		0x9e3779b97f4a7c15ULL, 0xbf58476d1ce4e5b9ULL,
		0x94d049bb133111ebULL, 0xd6e8feb86659fd93ULL,
	},
	.seed = 0x0123456789abcdefULL,
};

static const struct ksm_secret drawn = {
	.mul = {
		0xa0761d6478bd642fULL, 0xe7037ed1a0b428dbULL,
		0x8ebc6af09c88c6e3ULL, 0x589965cc75374cc3ULL,
	},
	.seed = 0x27d4eb2f165667c5ULL,
};

/* Words are multiplied in pairs: where one is nothing, the other can be anything. */
static void prepare(u64 *page, enum ksm_hash hash, u64 number)
{
	page[0] = hash == KSM_HASH_CRC32C ? known.seed >> 32 : known.seed;
	page[1] = number;
}

/* How many entries in a row have the same key, at the most. */
static unsigned int most_ties(struct ksm_forest *forest)
{
	struct rb_node *node = ksm_forest_first(forest, 0), *next;
	unsigned int ties = 1, most = 1;

	for (; node; node = next) {
		next = ksm_forest_next(forest, node);
		ties = next && ksm_forest_key(node) == ksm_forest_key(next) ? ties + 1 : 1;
		most = max(most, ties);
	}
	return most;
}

/* They collide under the secret that he knew, and are like any others under another. */
static void try_hash(struct kunit *test, enum ksm_hash hash)
{
	struct ksm_forest_entry *entry;
	struct ksm_forest forest = {};
	unsigned int i, ties, levels;
	u64 *page, same;

	if (!ksm_fingerprint_usable(hash))
		kunit_skip(test, "this CPU cannot compute it");
	page = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	prepare(page, hash, 0);
	same = ksm_fingerprint(page, hash, &known);
	for (i = 1; i < CONTROLS; i++) {
		prepare(page, hash, i);
		KUNIT_ASSERT_EQ(test, ksm_fingerprint(page, hash, &known), same);
	}

	entry = kvcalloc(PAGES, sizeof(*entry), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, entry);
	for (i = 0; i < PAGES; i++) {
		prepare(page, hash, i);
		entry[i].word = ksm_fingerprint(page, hash, &drawn);
		ksm_forest_insert(&forest, &entry[i].node);
		cond_resched();
	}
	levels = ksm_forest_levels(&forest);
	ties = most_ties(&forest);
	for (i = 0; i < PAGES; i++)
		ksm_forest_erase(&forest, &entry[i].node);
	kvfree(entry);
	KUNIT_EXPECT_LE(test, ties, MOST_TIES);
	KUNIT_EXPECT_LE(test, levels, MOST_LEVELS);
}

static void collisions_prepared_for_crc32c(struct kunit *test)
{
	try_hash(test, KSM_HASH_CRC32C);
}

static void collisions_prepared_for_xxhash(struct kunit *test)
{
	try_hash(test, KSM_HASH_XXHASH);
}

static struct kunit_case collisions_cases[] = {
	KUNIT_CASE(collisions_prepared_for_crc32c),
	KUNIT_CASE(collisions_prepared_for_xxhash),
	{}
};

static struct kunit_suite collisions_suite = {
	.name = "mm_ksm_collisions",
	.test_cases = collisions_cases,
};

kunit_test_suite(collisions_suite);
