/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites share.
 *
 * They run while the kernel boots, before anybody could have started ksmd: so
 * nothing else changes the counters, and ksm_mutex need not be taken.
 */
#ifndef _MM_KSM_TESTS_KUNIT_H
#define _MM_KSM_TESTS_KUNIT_H

#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/prandom.h>

#include "../budget.h"
#include "../fingerprint.h"
#include "../index.h"
#include "../state.h"
#include "../tile.h"

/* Repeatable, so that a failure that tells its seed and step can be replayed. */
struct ksm_test_rng {
	u32 seed;
	u32 state;
	u32 step;
	char at[48];
};

static inline struct ksm_test_rng ksm_test_rng(u32 seed)
{
	return (struct ksm_test_rng){ .seed = seed, .state = seed };
}

static inline const char *ksm_test_at(struct ksm_test_rng *rng)
{
	snprintf(rng->at, sizeof(rng->at), "seed %u, step %u", rng->seed, rng->step);
	return rng->at;
}

static inline u32 ksm_test_u32(struct ksm_test_rng *rng)
{
	rng->state = next_pseudo_random32(rng->state);
	/* The low bits of this generator repeat soon. */
	return rng->state ^ rng->state >> 15;
}

static inline u64 ksm_test_u64(struct ksm_test_rng *rng)
{
	u64 high = ksm_test_u32(rng);

	return high << 32 | ksm_test_u32(rng);
}

/* Number below @bound, from the better bits. */
static inline u32 ksm_test_below(struct ksm_test_rng *rng, u32 bound)
{
	rng->state = next_pseudo_random32(rng->state);
	return ((u64)rng->state * bound) >> 32;
}

/* Slots in the hands of a test, as a tile has them. */
static inline struct ksm_tile *ksm_test_tile(struct kunit *test)
{
	struct ksm_tile *tile = kunit_kzalloc(test, sizeof(*tile), GFP_KERNEL);
	struct ksm_block *block;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, tile);
	block = kunit_kzalloc(test, ksm_slot_block_bytes(KSM_BLOCK_63), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, block);
	block->word = (unsigned long)tile | KSM_BLOCK_63;
	for (i = 1; i < KSM_TILE_PAGES; i++)
		block->slot[i - 1].word = i;
	tile->block = block;
	tile->shape = KSM_BLOCK_63;
	return tile;
}

#endif /* _MM_KSM_TESTS_KUNIT_H */
