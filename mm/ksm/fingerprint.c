// SPDX-License-Identifier: GPL-2.0
/*
 * Fingerprints of page contents.
 *
 * A fingerprint is a hint: it orders the trees and tells which pages are worth
 * comparing.  Whether two pages are equal is only ever decided by their bytes.
 *
 * It is keyed with a secret of this boot, so that nobody can prepare pages that
 * collide.  That takes more than a secret start value: a CRC is linear, and two
 * words can cancel in an xxh64 whatever its seed.  Nor would a secret factor do:
 * it leaves a difference in the top bit as it is.  So words are folded in pairs,
 * with keys that differ from place to place, before either hash sees them.
 */
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/highmem.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/prefetch.h>
#include <linux/random.h>
#include <linux/sched/clock.h>
#include <linux/xxhash.h>

#include "crc32c.h"
#include "fingerprint.h"

/* Lines read by a sample: few enough to cost little, enough to see activity. */
#define KSM_SAMPLE_WORDS	4

/* How many pages one is picked of, by how many bytes. */
#define KSM_PICK_OF		8
#define KSM_PICK_BYTES		64

/* The CPU itself goes on where a page is read in order, once it has seen the start. */
#define KSM_PREFETCH_BYTES	128

/* How often a hash is timed. */
#define KSM_TIMINGS		8

/* Products that xxh64 takes at a time. */
#define KSM_XXHASH_PRODUCTS	32

enum ksm_hash ksm_fingerprint_hash __read_mostly = KSM_HASH_XXHASH;
bool ksm_fingerprint_auto __read_mostly = true;

/* Is the secret one that nobody can guess?  Written under ksm_mutex. */
bool ksm_fingerprint_drawn __read_mostly;

static struct ksm_secret ksm_secret __read_mostly;
static u64 ksm_zero_fingerprint __read_mostly;

/* Every input bit reaches every output bit. */
static u64 avalanche(u64 x, u64 mul)
{
	x ^= x >> 32;
	x *= mul;
	x ^= x >> 29;
	return x;
}

/* The halves of a product: a difference in any bit may reach every bit. */
static u64 fold(u64 a, u64 b)
{
#ifdef __SIZEOF_INT128__
	u128 product = (u128)a * b;

	return product ^ product >> 64;
#else
	return a * b ^ mul_u64_u64_shr(a, b, 64);
#endif
}

static u64 fingerprint_crc32c(const void *addr, const struct ksm_secret *s)
{
	const u64 *w = addr;
	const u64 *end = addr + PAGE_SIZE;
	u64 m0 = s->mul[0], m1 = s->mul[1], m2 = s->mul[2], m3 = s->mul[3];
	u64 c0 = (u32)s->seed, c1 = s->seed >> 32, c2 = m0 >> 32, c3 = m1 >> 32;
	u64 c4 = m2 >> 32, c5 = m3 >> 32, c6 = (u32)m0, c7 = (u32)m1;

	/*
	 * Each lane's state is the next one's key, so that a difference spreads
	 * over all of them.  Eight lanes hide the latency of that, four do not.
	 */
	for (; w < end; w += 16) {
		c0 = ksm_crc32c_product(c0, w[0] ^ c1, w[1] ^ m0);
		c1 = ksm_crc32c_product(c1, w[2] ^ c2, w[3] ^ m1);
		c2 = ksm_crc32c_product(c2, w[4] ^ c3, w[5] ^ m2);
		c3 = ksm_crc32c_product(c3, w[6] ^ c4, w[7] ^ m3);
		c4 = ksm_crc32c_product(c4, w[8] ^ c5, w[9] ^ m0);
		c5 = ksm_crc32c_product(c5, w[10] ^ c6, w[11] ^ m1);
		c6 = ksm_crc32c_product(c6, w[12] ^ c7, w[13] ^ m2);
		c7 = ksm_crc32c_product(c7, w[14] ^ c0, w[15] ^ m3);
	}
	c0 = avalanche(c0 << 32 | c1, m2) ^ (c2 << 32 | c3);
	c4 = avalanche(c4 << 32 | c5, m0) ^ (c6 << 32 | c7);
	return avalanche(avalanche(c0, m3) ^ c4, m1);
}

static u64 fingerprint_xxhash(const void *addr, const struct ksm_secret *s)
{
	const u64 *word = addr;
	const u64 *end = addr + PAGE_SIZE;
	__le64 product[KSM_XXHASH_PRODUCTS];
	u64 digest = s->seed;
	u64 key = s->seed;
	int i;

	while (word < end) {
		for (i = 0; i < KSM_XXHASH_PRODUCTS; i++, word += 2, key += s->mul[2])
			product[i] = cpu_to_le64(fold(word[0] ^ key,
						      word[1] ^ s->mul[i % 4]));
		digest = xxh64(product, sizeof(product), digest);
	}
	return digest;
}

/**
 * ksm_fingerprint_usable - tell whether this CPU can compute a hash
 * @hash: which
 *
 * Return: true if ksm_fingerprint() may be called with it.
 */
bool ksm_fingerprint_usable(enum ksm_hash hash)
{
	return hash == KSM_HASH_XXHASH || ksm_crc32c_usable();
}

/**
 * ksm_fingerprint - hash the bytes of one page
 * @addr: PAGE_SIZE bytes, aligned to 8
 * @hash: which hash, usable on this CPU
 * @secret: key
 *
 * Return: 64-bit fingerprint.
 */
u64 ksm_fingerprint(const void *addr, enum ksm_hash hash,
		    const struct ksm_secret *secret)
{
	if (hash == KSM_HASH_CRC32C)
		return fingerprint_crc32c(addr, secret);
	return fingerprint_xxhash(addr, secret);
}

/*
 * How long a hash takes for a page, ns: the least of some, as much may come in between.
 * By the scheduler's clock, as the clocks of ktime stand still while the kernel boots.
 */
static u64 time_of(enum ksm_hash hash)
{
	const void *addr = page_address(ZERO_PAGE(0));
	u64 least = U64_MAX, sink;
	int i;

	for (i = 0; i < KSM_TIMINGS; i++) {
		u64 start = local_clock();

		sink = ksm_fingerprint(addr, hash, &ksm_secret);
		/* Not to be left out, nor put off until the time has been taken. */
		barrier_data(&sink);
		least = min(least, local_clock() - start);
	}
	return least;
}

/**
 * ksm_fingerprint_best - tell which hash is the fastest here
 *
 * That is not as plain as it seems: emulators have the instruction for a CRC, and
 * compute it bit by bit.
 *
 * Return: a usable hash.
 */
enum ksm_hash ksm_fingerprint_best(void)
{
	if (!ksm_fingerprint_usable(KSM_HASH_CRC32C))
		return KSM_HASH_XXHASH;
	return time_of(KSM_HASH_XXHASH) < time_of(KSM_HASH_CRC32C) ?
	       KSM_HASH_XXHASH : KSM_HASH_CRC32C;
}

/**
 * ksm_fingerprint_prefetch - have the start of a page brought into the caches
 * @page: page; it needs no reference, and may have been freed since it was found
 *
 * Nothing but its address is used.
 *
 * Context: ksm_mutex held since @page was found, which keeps memory from being removed.
 */
void ksm_fingerprint_prefetch(struct page *page)
{
	const void *addr;
	int i;

	if (PageHighMem(page))
		return;
	addr = page_address(page);
	for (i = 0; i < KSM_PREFETCH_BYTES; i += L1_CACHE_BYTES)
		prefetch(addr + i);
}

/**
 * ksm_fingerprint_page - hash a page with the secret of this boot
 * @page: page, referenced by the caller
 *
 * Context: No spinlock held.
 * Return: 64-bit fingerprint.
 */
u64 ksm_fingerprint_page(struct page *page)
{
	const u64 *addr = kmap_local_page(page);
	u64 fingerprint;

	/* Empty pages are common, and need no hash to be told. */
	fingerprint = !*addr && ksm_content_empty(addr) ? ksm_zero_fingerprint :
		      ksm_fingerprint(addr, ksm_fingerprint_hash, &ksm_secret);
	kunmap_local(addr);
	return fingerprint;
}

/**
 * ksm_fingerprint_sample - read a few words of a page, to see whether it is in use
 * @page: page, referenced by the caller
 * @addr: where it is mapped; together with the secret it chooses the words
 *
 * A page whose sample changed was written; one whose sample did not change may
 * have been written elsewhere.
 *
 * Context: No spinlock held.
 * Return: 32-bit digest of the words.
 */
u32 ksm_fingerprint_sample(struct page *page, unsigned long addr)
{
	u64 where = avalanche(addr ^ ksm_secret.seed, ksm_secret.mul[2]);
	const u64 *word = kmap_local_page(page);
	u64 digest = 0;
	int i;

	/* One word of each quarter of the page, in a sum of secret multiples. */
	for (i = 0; i < KSM_SAMPLE_WORDS; i++) {
		unsigned long words = PAGE_SIZE / sizeof(u64) / KSM_SAMPLE_WORDS;

		digest += word[i * words + where % words] * ksm_secret.mul[i];
		where >>= 16;
	}
	kunmap_local(word);
	/* The low half does not depend on the words' upper bits. */
	return digest >> 32;
}

/**
 * ksm_fingerprint_pick - choose some pages by what is in them
 * @page: page, referenced by the caller
 *
 * Of pages that have nothing in common one of KSM_PICK_OF, and of equal ones all or
 * none.  So equals are found among those that are picked, where choosing by place would
 * miss them.  From one line, which costs a miss of the caches, and no hash.
 *
 * Context: No spinlock held.
 * Return: true if it is one of them.
 */
bool ksm_fingerprint_pick(struct page *page)
{
	unsigned int words = KSM_PICK_BYTES / sizeof(u64);
	unsigned int line = ksm_secret.seed % (PAGE_SIZE / KSM_PICK_BYTES);
	const u64 *addr = kmap_local_page(page), *word = addr + line * words;
	u64 digest = 0;
	int i;

	for (i = 0; i < KSM_SAMPLE_WORDS; i++)
		digest += word[i * words / KSM_SAMPLE_WORDS] * ksm_secret.mul[i];
	kunmap_local(addr);
	/* Nothing is there, as in pages that are empty or next to it: those often have equals. */
	return !digest || !((digest >> 32) % KSM_PICK_OF);
}

/**
 * ksm_fingerprint_is_zero - tell whether a fingerprint is that of the zero page
 * @fingerprint: by ksm_fingerprint_page()
 *
 * Return: true if it is; bytes decide.
 */
bool ksm_fingerprint_is_zero(u64 fingerprint)
{
	return fingerprint == ksm_zero_fingerprint;
}

/**
 * ksm_fingerprint_select - choose the hash
 * @hash: usable hash
 *
 * Context: ksm_mutex held, and no fingerprint is kept in any tree or tile.
 */
void ksm_fingerprint_select(enum ksm_hash hash)
{
	ksm_fingerprint_hash = hash;
	ksm_zero_fingerprint = ksm_fingerprint(page_address(ZERO_PAGE(0)), hash,
					       &ksm_secret);
}

static void draw(void)
{
	int i;

	get_random_bytes(&ksm_secret, sizeof(ksm_secret));
	for (i = 0; i < ARRAY_SIZE(ksm_secret.mul); i++)
		ksm_secret.mul[i] |= 1;
}

/**
 * ksm_fingerprint_draw - draw the secret
 *
 * To be called before the first page is fingerprinted, once the random generator is
 * seeded.
 *
 * Context: ksm_mutex held.
 */
void ksm_fingerprint_draw(void)
{
	draw();
	ksm_fingerprint_select(ksm_fingerprint_hash);
	ksm_fingerprint_drawn = true;
}

/**
 * ksm_fingerprint_init - choose the fastest hash, and draw the secret if possible
 */
void __init ksm_fingerprint_init(void)
{
	ksm_fingerprint_drawn = rng_is_initialized();
	draw();
	ksm_fingerprint_select(ksm_fingerprint_best());
}
