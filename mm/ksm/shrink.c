// SPDX-License-Identifier: GPL-2.0
/*
 * What ksmd gives back when memory runs short: with uniform faults, folios that no process
 * maps any more.
 *
 * A pass finds them, too.  But it may be long in coming, while a memory cgroup comes to
 * its limit by them.
 *
 * Whoever reclaims may hold any lock under which memory may be reclaimed for it, of folios
 * for instance.  So ksm_mutex and folios are only tried here; what is taken beyond that, the
 * lock of an anon_vma that is freed, reclaim takes itself.
 */
#include <linux/mutex.h>
#include <linux/shrinker.h>

#include "internal.h"

static unsigned long shrink_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	return READ_ONCE(ksm_stats.uniform) ?: SHRINK_EMPTY;
}

/* Who reclaims may hold ksm_mutex himself, and is not to keep ksmd from its work. */
static unsigned long shrink_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	unsigned long freed;

	if (!mutex_trylock(&ksm_mutex))
		return SHRINK_STOP;
	freed = ksm_reap_held(sc->nr_to_scan);
	mutex_unlock(&ksm_mutex);
	return freed;
}

/**
 * ksm_shrink_init - have KSM asked for memory when it runs short
 *
 * Return: 0 or -ENOMEM.
 */
int __init ksm_shrink_init(void)
{
	struct shrinker *shrinker = shrinker_alloc(SHRINKER_MEMCG_AWARE, "ksm-uniform");

	if (!shrinker)
		return -ENOMEM;
	shrinker->count_objects = shrink_count;
	shrinker->scan_objects = shrink_scan;
	shrinker_register(shrinker);
#ifdef CONFIG_MEMCG
	ksm_hold_set_shrinker(shrinker->id);
#endif
	return 0;
}
