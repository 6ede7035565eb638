// SPDX-License-Identifier: GPL-2.0
/*
 * What ksmd gives back when memory runs short: with uniform faults, folios that no process
 * maps any more.
 *
 * A pass finds them, too.  But it may be long in coming, while a memory cgroup comes to
 * its limit by them.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/shrinker.h>

#include "internal.h"

/* Who reclaims may hold ksm_mutex himself, so it is not waited for long. */
#define SHRINK_TRIES	4

/* Give up the folio of a node if nobody maps it any more.  Returns whether it was. */
static bool give_up(struct ksm_stable *stable)
{
	struct folio *folio = ksm_node_get(stable, KSM_TRYLOCK);
	bool over;

	if (IS_ERR(folio))
		return false;
	if (!folio) {
		ksm_mapping_kill(stable);
		return false;
	}
	over = ksm_hold_over(stable, folio);
	folio_unlock(folio);
	folio_put(folio);
	if (over)
		ksm_mapping_kill(stable);
	return over;
}

static unsigned long shrink_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	return READ_ONCE(ksm_stats.uniform) ?: SHRINK_EMPTY;
}

static unsigned long shrink_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	unsigned long freed = 0, left = sc->nr_to_scan;
	struct ksm_stable *stable;

	if (!ksm_lock_try(SHRINK_TRIES))
		return SHRINK_STOP;
	for (; left; left--) {
		stable = ksm_watch_next_held();
		if (!stable)
			break;
		freed += give_up(stable);
		cond_resched();
	}
	mutex_unlock(&ksm_mutex);
	sc->nr_scanned = sc->nr_to_scan - left;
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
