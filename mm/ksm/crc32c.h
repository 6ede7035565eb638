/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The CPU's CRC32C instruction, one word at a time.
 *
 * lib/crc32c works on buffers and returns one lane; the fingerprint mixes each
 * word with a secret before it, and runs four lanes side by side.
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

static inline u64 ksm_crc32c_u64(u64 crc, u64 word)
{
	asm("crc32q %1, %0" : "+r" (crc) : "rm" (word));
	return crc;
}
#else
static inline bool ksm_crc32c_usable(void)
{
	return false;
}

static inline u64 ksm_crc32c_u64(u64 crc, u64 word)
{
	return crc;
}
#endif

#endif /* _MM_KSM_CRC32C_H */
