// SPDX-License-Identifier: GPL-2.0
/*
 * Slab caches and the zero page.  Each object is an allocation of its own, so that the
 * sanitizers know its bounds and lifetime.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>

struct kmem_cache {
	struct kmem_cache *next;
	const char *name;
	size_t size;
	size_t align;
	long objects;
	long marked;
};

static struct kmem_cache *caches;

u8 zero_page[PAGE_SIZE] __aligned(PAGE_SIZE);

struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align,
				     unsigned int flags, void (*ctor)(void *))
{
	struct kmem_cache *cache = calloc(1, sizeof(*cache));

	assert(!ctor);
	if (!cache)
		return NULL;
	cache->name = name;
	cache->size = size;
	cache->align = max(align, sizeof(void *));
	cache->next = caches;
	caches = cache;
	return cache;
}

void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp)
{
	void *object;

	if (posix_memalign(&object, cache->align, cache->size))
		return NULL;
	cache->objects++;
	return memset(object, 0, cache->size);
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	assert(cache->objects);
	cache->objects--;
	free(object);
}

void slab_mark(void)
{
	struct kmem_cache *cache;

	for (cache = caches; cache; cache = cache->next)
		cache->marked = cache->objects;
}

const char *slab_leaky(long *objects)
{
	struct kmem_cache *cache;

	for (cache = caches; cache; cache = cache->next) {
		*objects = cache->objects - cache->marked;
		if (*objects)
			return cache->name;
	}
	return NULL;
}
