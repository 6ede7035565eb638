// SPDX-License-Identifier: GPL-2.0
/*
 * Memory for what is remembered of a process, charged to its memory cgroup.
 */
#include <linux/memcontrol.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "registry.h"
#include "state.h"

static void count_bytes(struct ksm_mm *kmm, long bytes)
{
	kmm->bytes += bytes;
	atomic_long_add(bytes, &ksm_stats.bytes);
}

/**
 * ksm_charge_alloc - allocate memory for what is remembered of a process
 * @kmm: process
 * @cache: cache
 * @size: bytes of an object
 *
 * It is charged to the process's memory cgroup.  A full group is not made to reclaim
 * for it: then these pages are left out, and counted.
 *
 * Context: ksm_mutex held, may sleep.
 * Return: an object full of zeroes, or NULL.
 */
void *ksm_charge_alloc(struct ksm_mm *kmm, struct kmem_cache *cache, size_t size)
{
	struct mem_cgroup *memcg = get_mem_cgroup_from_mm(kmm->slot.mm);
	struct mem_cgroup *before = set_active_memcg(memcg);
	void *object = kmem_cache_zalloc(cache, ksm_gfp);

	if (!object) {
		ksm_stats.starved++;
	} else if (!kmem_cache_charge(object, GFP_NOWAIT | __GFP_NOWARN)) {
		kmem_cache_free(cache, object);
		object = NULL;
	}
	set_active_memcg(before);
	mem_cgroup_put(memcg);
	if (object)
		count_bytes(kmm, size);
	else
		ksm_stats.unslotted++;
	return object;
}

/**
 * ksm_charge_free - free what ksm_charge_alloc() gave
 * @kmm: process
 * @cache: cache
 * @size: bytes of an object
 * @object: object
 */
void ksm_charge_free(struct ksm_mm *kmm, struct kmem_cache *cache, size_t size,
		     void *object)
{
	count_bytes(kmm, -(long)size);
	kmem_cache_free(cache, object);
}
