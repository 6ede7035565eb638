// SPDX-License-Identifier: GPL-2.0
/*
 * What ksmd does beside scanning: it frees what is known of processes that are dead, and
 * looks after the nodes that are watched.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched.h>

#include "fresh.h"
#include "internal.h"

/* What may be done for dead processes before ksm_mutex is dropped for a moment. */
#define REAP_VISITS		(64 * 1024)

/* A look at a node costs as much as so many visits. */
#define VISITS_PER_WATCH	16

/* Unstable pages to have looked up again at a time. */
#define WATCH_EQUALS		64

static void reap_domains(void)
{
	if (static_branch_unlikely(&ksm_domain_used))
		ksm_memcg_stat_update();
	ksm_domain_reap();
}

/**
 * ksm_reap_dead - free a part of what is known about dead processes
 *
 * Context: ksm_mutex held, may sleep.
 * Return: true if there is more to free now; what is left beside that waits for an
 *	   exit to end, or for memory.
 */
bool ksm_reap_dead(void)
{
	struct ksm_budget budget = {
		.reads = 1,
		.visits = REAP_VISITS,
	};
	struct ksm_mm *kmm;

	ksm_mms_no_news();
	kmm = ksm_mms_first_dead();
	if (!kmm)
		return false;
	if (!ksm_forget_mm(kmm, &budget))
		return !ksm_budget_left(&budget);
	ksm_fresh_end(kmm);
	ksm_mms_free_dead(kmm);
	reap_domains();
	return ksm_mms_first_dead();
}

static void look(struct ksm_stable *stable, struct ksm_budget *budget)
{
	struct folio *folio = ksm_node_get(stable, KSM_TRYLOCK);

	ksm_watch_pass(stable);
	if (IS_ERR(folio))
		return;
	if (!folio) {
		while (!ksm_mapping_kill(stable)) {
			ksm_budget_spend(budget, KSM_KILL_SLOTS);
			cond_resched();
		}
		return;
	}
	/* Its folio would stay for ever. */
	if (folio_test_hwpoison(folio) && !ksm_hold_mapped(stable, folio)) {
		ksm_mapping_disown(stable, folio);
		goto unlock;
	}
	if (ksm_hold_over(stable, folio)) {
		while (!ksm_mapping_kill(stable))
			cond_resched();
		goto unlock;
	}
	ksm_anchor_drop(stable, folio);
	if (ksm_tile_unsettle_equals(ksm_stable_index(stable), ksm_stable_key(stable),
				     WATCH_EQUALS) &&
	    stable->nr && !ksm_stable_anchored(stable))
		ksm_watch_end(stable);
unlock:
	folio_unlock(folio);
	folio_put(folio);
}

/**
 * ksm_reap_watched - look at the watched nodes, as far as the budget goes
 * @budget: what may be done; less what is done
 *
 * Context: ksm_mutex held, may sleep.
 * Return: true at the end of a round; the next call begins another.
 */
bool ksm_reap_watched(struct ksm_budget *budget)
{
	struct ksm_stable *stable;

	while ((stable = ksm_watch_first())) {
		if (!ksm_budget_left(budget) || ksm_lock_wanted())
			return false;
		look(stable, budget);
		ksm_budget_spend(budget, VISITS_PER_WATCH);
		cond_resched();
	}
	ksm_watch_rewind();
	reap_domains();
	if (!ksm_stats.uniform)
		ksm_frame_drain();
	return true;
}

/* Give up the folio of a node if no process maps it any more.  Returns whether it was. */
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

/* To give up a folio, or see that it is mapped, takes as long as so many looks at nodes. */
#define LOOKS_PER_FOLIO	16

/**
 * struct search - a search for folios that nobody maps any more
 * @looks: nodes that may yet be looked at
 * @given: folios that were given up
 */
struct search {
	unsigned long looks;
	unsigned long given;
};

static void search_spend(struct search *search, unsigned long looks)
{
	search->looks -= min(search->looks, looks);
}

/* Returns true at the end of the content, which may be gone then. */
static bool search_content(struct search *search, struct ksm_stable *head)
{
	struct ksm_stable_more *more = ksm_stable_more(head);
	struct ksm_stable *stable = (more ? more->search_next : NULL) ?: head;
	bool last = false;

	while (stable && !last) {
		if (!search->looks)
			return false;
		last = ksm_stable_live(head) == 1 && !ksm_stable_hollow(stable);
		if (more)
			more->search_next = ksm_stable_next_other(stable);
		search_spend(search, 1);
		if (ksm_hold_held(stable)) {
			search_spend(search, LOOKS_PER_FOLIO);
			search->given += give_up(stable);
		}
		stable = more && !last ? more->search_next : NULL;
		cond_resched();
	}
	return true;
}

/* Returns true at the end of the index. */
static bool search_index(struct search *search, struct ksm_index *index)
{
	u64 key, begun = index->searched;
	struct ksm_stable *head, *next;

	while ((head = ksm_index_first_content(index, index->searched))) {
		bool done = true;

		for (key = ksm_stable_key(head); head && done; head = next) {
			next = ksm_stable_next(head);
			done = search_content(search, head);
		}
		/* However many contents have one key, the next call is to come further. */
		if (done || key == begun)
			index->searched = key + KSM_KEY_UNIT;
		else
			index->searched = key;
		if (!done)
			return false;
		if (!index->searched)
			return true;
	}
	index->searched = 0;
	return true;
}

/**
 * ksm_reap_held - give up folios that came by uniform faults and that nobody maps
 * @number: folios to look at, those that come next
 *
 * Context: ksm_mutex held, may sleep.
 * Return: how many folios were given up.
 */
unsigned long ksm_reap_held(unsigned long number)
{
	struct search search = { .looks = number * LOOKS_PER_FOLIO };
	struct ksm_index *first = ksm_domain_turn(), *index = first;

	if (!ksm_stats.uniform)
		return 0;
	do {
		if (!search.looks || (index->uniform && !search_index(&search, index)))
			break;
		search_spend(&search, 1);
		ksm_domain_end_turn();
		index = ksm_domain_turn();
		cond_resched();
	} while (index != first);
	return search.given;
}
