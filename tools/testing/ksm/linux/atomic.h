/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_ATOMIC_H
#define _KSM_TEST_LINUX_ATOMIC_H

#include <linux/types.h>

/* There is one thread. */

#define ATOMIC_INIT(i)		{ (i) }
#define ATOMIC_LONG_INIT(i)	{ (i) }

#define xchg(ptr, new)						\
({								\
	typeof(ptr) at = (ptr);					\
	typeof(*at) old = *at;					\
								\
	*at = (new);						\
	old;							\
})

static inline int atomic_read(const atomic_t *v)
{
	return v->counter;
}

static inline void atomic_inc(atomic_t *v)
{
	v->counter++;
}

static inline void atomic_dec(atomic_t *v)
{
	v->counter--;
}

static inline long atomic_long_read(const atomic_long_t *v)
{
	return v->counter;
}

static inline void atomic_long_add(long i, atomic_long_t *v)
{
	v->counter += i;
}

static inline void atomic_long_sub(long i, atomic_long_t *v)
{
	v->counter -= i;
}

#define cmpxchg_release(ptr, old, new)				\
({								\
	typeof(ptr) at = (ptr);					\
	typeof(*at) before = *at;				\
								\
	if (before == (old))					\
		*at = (new);					\
	before;							\
})

#endif /* _KSM_TEST_LINUX_ATOMIC_H */
