// SPDX-License-Identifier: GPL-2.0
/*
 * Nodes that have to be looked at now and then: those without a known mapping, which
 * go when their folio goes, and those with anchors.  Nobody tells when a folio goes,
 * or a mapping that ksmd does not know.  And those for which there is more to do than
 * could be done at once.
 */
#include <linux/err.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched.h>

#include "ksm.h"

/* A look at a node costs as much as so many visits. */
#define KSM_VISITS_PER_WATCH	16

/* Unstable pages to have looked up again at a time. */
#define KSM_WATCH_EQUALS	64

static LIST_HEAD(watched);
static LIST_HEAD(looked_at);	/* in this round */

/**
 * ksm_watch - have a node looked at until it needs it no more
 * @stable: node
 *
 * Context: ksm_mutex held.
 */
void ksm_watch(struct ksm_stable *stable)
{
	/* ksmd may be asleep without a time to wake up. */
	if (!ksm_watching())
		ksm_wake();
	if (list_empty(&stable->watch))
		list_add_tail(&stable->watch, &watched);
}

/**
 * ksm_watched_first - tell which node comes next in this round
 *
 * Context: ksm_mutex held.
 * Return: node, or NULL at the end of the round.
 */
struct ksm_stable *ksm_watched_first(void)
{
	return list_first_entry_or_null(&watched, struct ksm_stable, watch);
}

/**
 * ksm_watched_pass - leave a node to the next round
 * @stable: watched node
 *
 * Context: ksm_mutex held.
 */
void ksm_watched_pass(struct ksm_stable *stable)
{
	list_move_tail(&stable->watch, &looked_at);
}

/**
 * ksm_watched_rewind - begin a round
 *
 * Context: ksm_mutex held.
 */
void ksm_watched_rewind(void)
{
	list_splice_init(&looked_at, &watched);
}

static void look(struct ksm_stable *stable, struct ksm_budget *budget)
{
	struct folio *folio = ksm_stable_get(stable, KSM_TRYLOCK);

	ksm_watched_pass(stable);
	if (IS_ERR(folio))
		return;
	if (!folio) {
		while (!ksm_stable_kill(stable)) {
			ksm_budget_spend(budget, KSM_KILL_SLOTS);
			cond_resched();
		}
		return;
	}
	/* Its folio would stay for ever. */
	if (folio_test_hwpoison(folio) && !folio_mapped(folio)) {
		ksm_stable_disown(stable, folio);
		goto unlock;
	}
	ksm_anchor_drop(stable, folio);
	if (ksm_unsettle_equals(stable->index, stable->key, KSM_WATCH_EQUALS) &&
	    stable->nr && hlist_empty(&stable->anchors))
		list_del_init(&stable->watch);
unlock:
	folio_unlock(folio);
	folio_put(folio);
}

/**
 * ksm_watch_round - look at the watched nodes, as far as the budget goes
 * @budget: what may be done; less what is done
 *
 * Context: ksm_mutex held, may sleep.
 * Return: true at the end of a round; the next call begins another.
 */
bool ksm_watch_round(struct ksm_budget *budget)
{
	while (!list_empty(&watched)) {
		if (!ksm_budget_left(budget) || ksm_wanted())
			return false;
		look(list_first_entry(&watched, struct ksm_stable, watch), budget);
		ksm_budget_spend(budget, KSM_VISITS_PER_WATCH);
		cond_resched();
	}
	ksm_watched_rewind();
	return true;
}

/**
 * ksm_watching - tell whether a node is watched
 *
 * Return: true if so; a hint unless ksm_mutex is held.
 */
bool ksm_watching(void)
{
	return !list_empty(&watched) || !list_empty(&looked_at);
}
