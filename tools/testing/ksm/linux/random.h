/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_RANDOM_H
#define _KSM_TEST_LINUX_RANDOM_H

#include <sys/random.h>

#include <linux/kernel.h>

static inline void get_random_bytes(void *to, size_t size)
{
	ssize_t got = getrandom(to, size, 0);

	assert(got == (ssize_t)size);
}

static inline bool rng_is_initialized(void)
{
	return true;
}

#endif /* _KSM_TEST_LINUX_RANDOM_H */
