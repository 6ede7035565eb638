/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_SLAB_H
#define _KSM_TEST_LINUX_SLAB_H

#include <errno.h>
#include <stdlib.h>

#include <linux/gfp.h>
#include <linux/types.h>

struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align,
				     unsigned int flags, void (*ctor)(void *));
void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp);
void kmem_cache_free(struct kmem_cache *cache, void *object);

static inline void *kcalloc(size_t nr, size_t size, gfp_t gfp)
{
	return calloc(nr, size);
}

static inline void *kzalloc(size_t size, gfp_t gfp)
{
	return calloc(1, size);
}

static inline void *kvcalloc(size_t nr, size_t size, gfp_t gfp)
{
	return calloc(nr, size);
}

static inline void kvfree(const void *object)
{
	free((void *)object);
}

static inline void kfree(void *object)
{
	free(object);
}

/* Leak check: slab_leaky() names a cache that has grown since slab_mark(). */
void slab_mark(void);
const char *slab_leaky(long *objects);

#endif /* _KSM_TEST_LINUX_SLAB_H */
