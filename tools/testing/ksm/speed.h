/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Measuring time, as the parts of ksm_speed share it.
 */
#ifndef _KSM_TEST_SPEED_H
#define _KSM_TEST_SPEED_H

#include <time.h>

#include <linux/types.h>

/* What others do meanwhile does not count. */
static inline u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* So that what gives it is not left out. */
static inline void use(u64 sum)
{
	asm volatile("" : : "r" (sum));
}

/* Every word of a page, by a loop that does nothing else. */
static inline u64 add_up(const void *page)
{
	const u64 *word = page;
	u64 a = 0, b = 0, c = 0, d = 0;
	unsigned int i;

	for (i = 0; i < PAGE_SIZE / sizeof(*word); i += 4) {
		a += word[i];
		b += word[i + 1];
		c += word[i + 2];
		d += word[i + 3];
	}
	return a + b + c + d;
}

/* speed.c */
void *map(size_t bytes, int advice, const char *what);

/* speed_pages.c */
void time_pages(unsigned long nr);

#endif /* _KSM_TEST_SPEED_H */
