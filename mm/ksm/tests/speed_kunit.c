// SPDX-License-Identifier: GPL-2.0
/*
 * How fast pages are fingerprinted from memory, beside a loop that only adds up
 * their words.  make bench runs it in User Mode Linux and reports the times; no
 * time decides whether it passes.
 */
#include <linux/ktime.h>
#include <linux/vmalloc.h>

#include "kunit.h"

/* More than the caches hold. */
#define SPEED_BYTES	(128UL << 20)
#define SPEED_PAGES	(SPEED_BYTES / PAGE_SIZE)
#define SPEED_ROUNDS	9

typedef u64 digest_fn(const u64 *page);

static const struct ksm_secret secret = {
	.mul = {
		0x9e3779b97f4a7c15ULL, 0xbf58476d1ce4e5b9ULL,
		0x94d049bb133111ebULL, 0xd6e8feb86659fd93ULL,
	},
	.seed = 0x0123456789abcdefULL,
};

static u64 add_up(const u64 *word)
{
	const u64 *end = word + PAGE_SIZE / sizeof(*word);
	u64 a = 0, b = 0, c = 0, d = 0;

	for (; word < end; word += 4) {
		a += word[0];
		b += word[1];
		c += word[2];
		d += word[3];
	}
	return a + b + c + d;
}

static enum ksm_hash hash;

static u64 fingerprint(const u64 *page)
{
	return ksm_fingerprint(page, hash, &secret);
}

/* Time for all pages, ns; their digests are added to @sum. */
static u64 time_of(const void *memory, digest_fn *digest, u64 *sum)
{
	u64 start = ktime_get_ns();
	unsigned long i;

	for (i = 0; i < SPEED_PAGES; i++)
		*sum += digest(memory + i * PAGE_SIZE);
	return ktime_get_ns() - start;
}

static void speed_fingerprint(struct kunit *test)
{
	u64 *memory = vmalloc(SPEED_BYTES);
	u64 read = U64_MAX, print = U64_MAX, sums[2] = {};
	unsigned long i;
	int round;

	if (!memory)
		kunit_skip(test, "needs %lu MiB", SPEED_BYTES >> 20);
	for (i = 0; i < SPEED_BYTES / sizeof(*memory); i++)
		memory[i] = i * 0x9e3779b97f4a7c15ULL;

	hash = ksm_fingerprint_best();
	for (round = 0; round < SPEED_ROUNDS; round++) {
		u64 sum[2] = {};

		read = min(read, time_of(memory, add_up, &sum[0]));
		print = min(print, time_of(memory, fingerprint, &sum[1]));
		if (round) {
			KUNIT_EXPECT_EQ(test, sum[0], sums[0]);
			KUNIT_EXPECT_EQ(test, sum[1], sums[1]);
		}
		memcpy(sums, sum, sizeof(sums));
	}
	KUNIT_EXPECT_NE(test, sums[0], sums[1]);
	vfree(memory);
	kunit_info(test, "least time per page: read %llu ns, fingerprint %llu ns\n",
		   div_u64(read, SPEED_PAGES), div_u64(print, SPEED_PAGES));
}

static struct kunit_case speed_cases[] = {
	KUNIT_CASE_SLOW(speed_fingerprint),
	{}
};

static struct kunit_suite speed_suite = {
	.name = "ksm_speed",
	.test_cases = speed_cases,
};

kunit_test_suite(speed_suite);
