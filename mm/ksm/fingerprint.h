/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Contents of pages: fingerprints of them, and whether two are equal.
 */
#ifndef _MM_KSM_FINGERPRINT_H
#define _MM_KSM_FINGERPRINT_H

#include <linux/types.h>

struct page;

/* fingerprint.c */
enum ksm_hash {
	KSM_HASH_CRC32C,
	KSM_HASH_XXHASH,
};

/**
 * struct ksm_secret - what keeps others from preparing equal fingerprints
 * @mul: odd multipliers
 * @seed: where the lanes start, beside the multipliers
 */
struct ksm_secret {
	u64 mul[4];
	u64 seed;
};

bool ksm_fingerprint_usable(enum ksm_hash hash);
enum ksm_hash ksm_fingerprint_best(void);
u64 ksm_fingerprint(const void *addr, enum ksm_hash hash,
		    const struct ksm_secret *secret);
void ksm_fingerprint_prefetch(struct page *page);
u64 ksm_fingerprint_page(struct page *page);
u32 ksm_fingerprint_sample(struct page *page, unsigned long addr);
bool ksm_fingerprint_pick(struct page *page);
bool ksm_fingerprint_is_zero(u64 fingerprint);
void ksm_fingerprint_select(enum ksm_hash hash);
void ksm_fingerprint_draw(void);
void ksm_fingerprint_init(void);
extern enum ksm_hash ksm_fingerprint_hash;
extern bool ksm_fingerprint_auto;
extern bool ksm_fingerprint_drawn;

/* content.c */
bool ksm_content_equal(const void *a, const void *b);
bool ksm_content_empty(const void *addr);
bool ksm_content_same(struct page *page, struct page *other);

#endif /* _MM_KSM_FINGERPRINT_H */
