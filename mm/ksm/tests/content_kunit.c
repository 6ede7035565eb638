// SPDX-License-Identifier: GPL-2.0
/*
 * Comparisons of page contents: each single bit counts.
 */
#include "kunit.h"

static u64 *page_of(struct kunit *test)
{
	u64 *page = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	return page;
}

static void content_each_bit(struct kunit *test)
{
	struct ksm_test_rng rng = ksm_test_rng(1);
	u64 *a = page_of(test), *b = page_of(test), *zero = page_of(test);
	int i, bit;

	for (i = 0; i < PAGE_SIZE / sizeof(u64); i++) {
		a[i] = ksm_test_u64(&rng);
		b[i] = a[i];
	}
	KUNIT_EXPECT_TRUE(test, ksm_content_equal(a, b));
	KUNIT_EXPECT_TRUE(test, ksm_content_equal(a, a));
	KUNIT_EXPECT_TRUE(test, ksm_content_empty(zero));
	KUNIT_EXPECT_FALSE(test, ksm_content_empty(a));
	KUNIT_EXPECT_FALSE(test, ksm_content_equal(a, zero));
	for (i = 0; i < PAGE_SIZE / sizeof(u64); i++) {
		for (bit = 0; bit < 64; bit++) {
			u64 flip = BIT_ULL(bit);

			b[i] ^= flip;
			zero[i] = flip;
			if (ksm_content_equal(a, b) || ksm_content_equal(b, a) ||
			    ksm_content_empty(zero))
				KUNIT_FAIL(test, "bit %d of word %d", bit, i);
			b[i] ^= flip;
			zero[i] = 0;
		}
	}
	KUNIT_EXPECT_TRUE(test, ksm_content_equal(a, b));
	KUNIT_EXPECT_TRUE(test, ksm_content_empty(zero));
}

/* Differences must not cancel, whatever words they are in. */
static void content_equal_differences(struct kunit *test)
{
	struct ksm_test_rng rng = ksm_test_rng(2);
	u64 *a = page_of(test), *b = page_of(test);
	int round;

	for (round = 0; round < 1000; round++) {
		u32 i = ksm_test_below(&rng, PAGE_SIZE / sizeof(u64));
		u32 j = ksm_test_below(&rng, PAGE_SIZE / sizeof(u64));
		u64 difference = ksm_test_u64(&rng) | 1;

		b[i] ^= difference;
		b[j] ^= difference;
		KUNIT_EXPECT_EQ(test, ksm_content_equal(a, b), i == j);
		KUNIT_EXPECT_EQ(test, ksm_content_empty(b), i == j);
		b[i] = 0;
		b[j] = 0;
	}
}

static struct kunit_case content_cases[] = {
	KUNIT_CASE(content_each_bit),
	KUNIT_CASE(content_equal_differences),
	{}
};

static struct kunit_suite content_suite = {
	.name = "mm_ksm_content",
	.test_cases = content_cases,
};

kunit_test_suite(content_suite);
