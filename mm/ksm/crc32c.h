/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The CPU's CRC32C instruction, a product of two words at a time.
 *
 * lib/crc32c works on buffers and returns one lane; the fingerprint mixes each
 * word with a secret before it, and runs eight lanes side by side.
 */
#ifndef _MM_KSM_CRC32C_H
#define _MM_KSM_CRC32C_H

#include <linux/types.h>

#ifdef CONFIG_X86_64
#include <asm/cpufeature.h>

static inline bool ksm_crc32c_usable(void)
{
	return boot_cpu_has(X86_FEATURE_XMM4_2);
}

/* By hand: GCC 12 spills half of each product. */
static inline u64 ksm_crc32c_product(u64 crc, u64 a, u64 b)
{
	u64 high;

	asm("mulq %2" : "=d" (high), "+a" (a) : "r" (b) : "cc");
	asm("crc32q %1, %0" : "+r" (crc) : "r" (a ^ high));
	return crc;
}
#else
static inline bool ksm_crc32c_usable(void)
{
	return false;
}

static inline u64 ksm_crc32c_product(u64 crc, u64 a, u64 b)
{
	return crc;
}
#endif

#endif /* _MM_KSM_CRC32C_H */
