/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_MATH64_H
#define _KSM_TEST_LINUX_MATH64_H

#include <linux/kernel.h>

static inline u64 div_u64(u64 dividend, u32 divisor)
{
	return dividend / divisor;
}

static inline u64 div64_u64(u64 dividend, u64 divisor)
{
	return dividend / divisor;
}

static inline u64 mul_u64_u64_shr(u64 a, u64 b, unsigned int shift)
{
	return (u128)a * b >> shift;
}

/* A quotient of more than 64 bits is fatal, as on x86. */
static inline u64 mul_u64_u64_div_u64(u64 a, u64 b, u64 divisor)
{
	u128 quotient = (u128)a * b / divisor;

	assert(quotient <= U64_MAX);
	return quotient;
}

#endif /* _KSM_TEST_LINUX_MATH64_H */
