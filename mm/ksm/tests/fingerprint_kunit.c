// SPDX-License-Identifier: GPL-2.0
/*
 * Fingerprints: known values, and pages that must not have the same one.
 *
 * All pages and secrets are fixed, so these tests cannot fail by chance.
 */
#include "kunit.h"

#define WORDS		(PAGE_SIZE / sizeof(u64))

/* Secrets that are tried on pages which somebody prepared. */
#define SECRETS		64

typedef void fill_fn(u64 *page);

static const struct ksm_secret secrets[] = {
	{
		.mul = {
			0x9e3779b97f4a7c15ULL, 0xbf58476d1ce4e5b9ULL,
			0x94d049bb133111ebULL, 0xd6e8feb86659fd93ULL,
		},
		.seed = 0x0123456789abcdefULL,
	}, {
		.mul = {
			0xa0761d6478bd642fULL, 0xe7037ed1a0b428dbULL,
			0x8ebc6af09c88c6e3ULL, 0x589965cc75374cc3ULL,
		},
		.seed = 0xfedcba9876543210ULL,
	},
};

static void fill_zero(u64 *page)
{
	memset(page, 0, PAGE_SIZE);
}

static void fill_ones(u64 *page)
{
	memset(page, 0xff, PAGE_SIZE);
}

static void fill_count(u64 *page)
{
	u64 i;

	for (i = 0; i < WORDS; i++)
		page[i] = i;
}

static void fill_mix(u64 *page)
{
	u64 i;

	for (i = 0; i < WORDS; i++)
		page[i] = ((i + 1) * 0x9e3779b97f4a7c15ULL) ^ (i << 57);
}

/*
 * Computed by a program of its own, with integers of any size: CRC32C bit by bit
 * (reflected polynomial 0x82f63b78, no inversion), xxh64 from its description;
 * these two checked against their published test values.
 */
static const struct {
	fill_fn *fill;
	u64 want[2][ARRAY_SIZE(secrets)];
} known[] = {
	{ fill_zero, {
		{ 0x24ed7e5fa9be9abbULL, 0xf414d0b0dac811bdULL },
		{ 0xf618b63e7f9c0e0bULL, 0xef713ca95d903284ULL },
	} },
	{ fill_ones, {
		{ 0x076f6469c62c9406ULL, 0x7ac69c3adf3c252aULL },
		{ 0x7530c4ef775b76edULL, 0xf7b160fe9a93b12cULL },
	} },
	{ fill_count, {
		{ 0x9583ae004881c96bULL, 0xedee067904312682ULL },
		{ 0x3fa5a59c76d17c3fULL, 0x7814650d6ea1691eULL },
	} },
	{ fill_mix, {
		{ 0x233ca9f137526239ULL, 0x4e88bd1650090254ULL },
		{ 0x2bb6060382705cdfULL, 0xca0ac80754178defULL },
	} },
};

static const enum ksm_hash hashes[] = { KSM_HASH_CRC32C, KSM_HASH_XXHASH };

static void hash_name(const enum ksm_hash *hash, char *name)
{
	strscpy(name, *hash == KSM_HASH_CRC32C ? "crc32c" : "xxhash",
		KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(hash, hashes, hash_name);

static enum ksm_hash hash_of(struct kunit *test)
{
	enum ksm_hash hash = *(const enum ksm_hash *)test->param_value;

	if (!ksm_fingerprint_usable(hash))
		kunit_skip(test, "no instruction for it on this CPU");
	return hash;
}

static u64 *page_new(struct kunit *test, fill_fn *fill)
{
	u64 *page = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	fill(page);
	return page;
}

static void fingerprint_known(struct kunit *test)
{
	enum ksm_hash hash = hash_of(test);
	int i, j;

	if (PAGE_SIZE != 4096)
		kunit_skip(test, "the known values are of pages of 4096 bytes");
	for (i = 0; i < ARRAY_SIZE(known); i++) {
		u64 *page = page_new(test, known[i].fill);

		for (j = 0; j < ARRAY_SIZE(secrets); j++)
			KUNIT_EXPECT_EQ_MSG(test,
					    ksm_fingerprint(page, hash, &secrets[j]),
					    known[i].want[hash][j],
					    "page %d, secret %d", i, j);
	}
}

/* All pages that differ from one in a single bit differ from it and each other. */
static void fingerprint_bits(struct kunit *test)
{
	enum ksm_hash hash = hash_of(test);
	u64 *page = page_new(test, fill_mix);
	u64 before = ksm_fingerprint(page, hash, &secrets[0]);
	u64 last = before;
	int i, bit;

	for (i = 0; i < WORDS; i++) {
		for (bit = 0; bit < 64; bit++) {
			u64 now;

			page[i] ^= BIT_ULL(bit);
			now = ksm_fingerprint(page, hash, &secrets[0]);
			page[i] ^= BIT_ULL(bit);
			KUNIT_ASSERT_TRUE_MSG(test,
					      now != before && now != last,
					      "word %d, bit %d", i, bit);
			/* The trees keep the upper bits only. */
			KUNIT_ASSERT_NE_MSG(test, now & KSM_KEY_MASK,
					    before & KSM_KEY_MASK,
					    "word %d, bit %d", i, bit);
			last = now;
		}
	}
	KUNIT_EXPECT_EQ(test, ksm_fingerprint(page, hash, &secrets[0]), before);
}

static void fingerprint_words(struct kunit *test)
{
	static const u64 values[] = { 0, 1, ~0ULL, 1ULL << 63, 0xdeadbeefULL };
	fill_fn *const fill[] = { fill_zero, fill_ones, fill_mix };
	enum ksm_hash hash = hash_of(test);
	int i, j, k;

	for (k = 0; k < ARRAY_SIZE(fill); k++) {
		u64 *page = page_new(test, fill[k]);
		u64 before = ksm_fingerprint(page, hash, &secrets[1]);

		for (i = 0; i < WORDS; i++) {
			u64 word = page[i];

			for (j = 0; j < ARRAY_SIZE(values); j++) {
				if (word == values[j])
					continue;
				page[i] = values[j];
				KUNIT_ASSERT_NE_MSG(test, before,
						    ksm_fingerprint(page, hash, &secrets[1]),
						    "word %d, value %llx", i,
						    values[j]);
			}
			page[i] = word;
		}
	}
}

/* Order counts, within a lane, between lanes, and over the length of the page. */
static void fingerprint_swaps(struct kunit *test)
{
	static const unsigned int distance[] = {
		1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 64, 128, 256, WORDS - 1,
	};
	enum ksm_hash hash = hash_of(test);
	u64 *page = page_new(test, fill_count);
	u64 before = ksm_fingerprint(page, hash, &secrets[0]);
	int i, j;

	for (j = 0; j < ARRAY_SIZE(distance); j++) {
		for (i = 0; i + distance[j] < WORDS; i++) {
			u64 now;

			swap(page[i], page[i + distance[j]]);
			now = ksm_fingerprint(page, hash, &secrets[0]);
			swap(page[i], page[i + distance[j]]);
			KUNIT_ASSERT_NE_MSG(test, now, before,
					    "words %d and %d", i,
					    i + distance[j]);
		}
	}
}

/* Each part of the secret counts. */
static void fingerprint_secrets(struct kunit *test)
{
	enum ksm_hash hash = hash_of(test);
	u64 *page = page_new(test, fill_mix);
	u64 before = ksm_fingerprint(page, hash, &secrets[0]);
	int i, bit;

	for (bit = 1; bit < 64; bit++) {
		struct ksm_secret secret = secrets[0];

		secret.seed ^= BIT_ULL(bit);
		KUNIT_EXPECT_NE_MSG(test, ksm_fingerprint(page, hash, &secret),
				    before, "seed, bit %d", bit);
		for (i = 0; i < ARRAY_SIZE(secret.mul); i++) {
			secret = secrets[0];
			secret.mul[i] ^= BIT_ULL(bit);
			KUNIT_EXPECT_NE_MSG(test,
					    ksm_fingerprint(page, hash, &secret),
					    before, "mul[%d], bit %d", i, bit);
		}
	}
}

/* These pages differ, under whatever secret: nobody can prepare a tie. */
static void expect_apart(struct kunit *test, const u64 *a, const u64 *b)
{
	struct ksm_test_rng rng = ksm_test_rng(1);
	enum ksm_hash hash = hash_of(test);
	int i;

	for (; rng.step < SECRETS; rng.step++) {
		struct ksm_secret secret = { .seed = ksm_test_u64(&rng) };

		for (i = 0; i < ARRAY_SIZE(secret.mul); i++)
			secret.mul[i] = ksm_test_u64(&rng) | 1;
		KUNIT_EXPECT_NE_MSG(test, ksm_fingerprint(a, hash, &secret),
				    ksm_fingerprint(b, hash, &secret), "%s",
				    ksm_test_at(&rng));
	}
}

/*
 * Places in a run of words at which equal changes of what a CRC32C is fed with
 * cancel.  Their number is even: a sum does not see the changes either if half of
 * them go one way and half the other.
 */
static const unsigned int cancel[] = {
	0, 4, 5, 6, 7, 9, 10, 12, 13, 14, 18, 19, 21, 22, 23, 24, 26, 32,
};

/* Run by run, as if a page were hashed in 1, 2, 4 or 8 lanes. */
static void try_runs(struct kunit *test, fill_fn *fill,
		     void (*change)(u64 *a, u64 *b, int nr))
{
	u64 *a = page_new(test, fill);
	u64 *b = page_new(test, fill);
	int stride, first, i;

	for (stride = 1; stride <= 8; stride *= 2) {
		for (first = 0; first < stride; first++) {
			for (i = 0; i < ARRAY_SIZE(cancel); i++) {
				int word = first + cancel[i] * stride;

				change(&a[word], &b[word], i);
			}
			expect_apart(test, a, b);
			fill(a);
			fill(b);
		}
	}
}

static void change_top_bit(u64 *a, u64 *b, int nr)
{
	*b ^= BIT_ULL(63);
}

static void change_places(u64 *a, u64 *b, int nr)
{
	*a = nr % 2 ? 0x1111 : 0x2222;
	*b = nr % 2 ? 0x2222 : 0x1111;
}

/* A factor leaves a change of the top bit as it is. */
static void fingerprint_prepared_top_bits(struct kunit *test)
{
	try_runs(test, fill_mix, change_top_bit);
}

/* Two values that change places are the same change everywhere. */
static void fingerprint_prepared_exchange(struct kunit *test)
{
	try_runs(test, fill_zero, change_places);
}

/*
 * In xxh64, the top bit of a word comes out of the first round as plus or minus
 * 2^30 times a constant.  The next word of that lane takes it back for one seed
 * in two.
 */
static void fingerprint_prepared_rounds(struct kunit *test)
{
	const u64 prime1 = 0x9e3779b185ebca87ULL, prime2 = 0xc2b2ae3d27d4eb4fULL;
	u64 *a = page_new(test, fill_mix);
	u64 *b = page_new(test, fill_mix);
	u64 inverse = prime2;
	int i;

	/* Each step doubles the number of right bits, of which 3 are there. */
	for (i = 0; i < 5; i++)
		inverse *= 2 - prime2 * inverse;
	KUNIT_ASSERT_EQ(test, prime2 * inverse, 1ULL);

	b[0] ^= BIT_ULL(63);
	b[4] -= (prime1 << 30) * inverse;
	expect_apart(test, a, b);
}

static void fingerprint_page(struct kunit *test)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	unsigned long addr = 0x123456 * PAGE_SIZE;
	u64 *word, before;
	u32 sample;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, page);
	word = page_address(page);
	before = ksm_fingerprint_page(page);
	sample = ksm_fingerprint_sample(page, addr);
	KUNIT_EXPECT_TRUE(test, ksm_fingerprint_is_zero(before));
	KUNIT_EXPECT_EQ(test, ksm_fingerprint_page(page), before);
	KUNIT_EXPECT_EQ(test, ksm_fingerprint_sample(page, addr), sample);

	word[WORDS - 1] = 1;
	KUNIT_EXPECT_FALSE(test, ksm_fingerprint_is_zero(ksm_fingerprint_page(page)));

	/* Which words a sample reads is secret, but each quarter has one. */
	for (i = 0; i < 4; i++) {
		memset(word, 0, PAGE_SIZE);
		memset(word + i * WORDS / 4, 0xa5, PAGE_SIZE / 4);
		KUNIT_EXPECT_NE_MSG(test, ksm_fingerprint_sample(page, addr), sample,
				    "quarter %d", i);
	}
	__free_page(page);
}

static void fingerprint_best(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, ksm_fingerprint_usable(KSM_HASH_XXHASH));
	KUNIT_EXPECT_TRUE(test, ksm_fingerprint_usable(ksm_fingerprint_best()));
	if (!ksm_fingerprint_usable(KSM_HASH_CRC32C))
		KUNIT_EXPECT_EQ(test, ksm_fingerprint_best(), KSM_HASH_XXHASH);
}

static struct kunit_case fingerprint_cases[] = {
	KUNIT_CASE_PARAM(fingerprint_known, hash_gen_params),
	KUNIT_CASE_PARAM(fingerprint_bits, hash_gen_params),
	KUNIT_CASE_PARAM(fingerprint_words, hash_gen_params),
	KUNIT_CASE_PARAM(fingerprint_swaps, hash_gen_params),
	KUNIT_CASE_PARAM(fingerprint_secrets, hash_gen_params),
	KUNIT_CASE_PARAM(fingerprint_prepared_top_bits, hash_gen_params),
	KUNIT_CASE_PARAM(fingerprint_prepared_exchange, hash_gen_params),
	KUNIT_CASE_PARAM(fingerprint_prepared_rounds, hash_gen_params),
	KUNIT_CASE(fingerprint_page),
	KUNIT_CASE(fingerprint_best),
	{}
};

static struct kunit_suite fingerprint_suite = {
	.name = "mm_ksm_fingerprint",
	.test_cases = fingerprint_cases,
};

kunit_test_suite(fingerprint_suite);
