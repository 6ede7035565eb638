// SPDX-License-Identifier: GPL-2.0
/*
 * Apart: processes that have come into another domain, and what they still share with
 * those of the domain that they were in.
 *
 * From then on nothing is merged there any more, and within a pass each page that others
 * map, too, is copied.
 */
#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched.h>

#include <trace/events/ksm.h>

#include "internal.h"
#include "visit.h"

/* Mappings that a KSM folio may have, to see whether it can come along. */
#define KSM_MAX_COMPANIONS	256

/**
 * ksm_apart_set - note that a process may share pages with processes of other domains
 * @kmm: process
 *
 * Context: ksm_mutex held.
 */
void ksm_apart_set(struct ksm_mm *kmm)
{
	if (kmm->apart)
		return;
	kmm->apart = true;
	ksm_cgroup_unsettle();
}

/* Does a process belong to this domain by now?  Its turn to come into it may be ahead. */
static bool belongs_to(struct ksm_mm *kmm, const struct ksm_domain *domain)
{
	struct ksm_domain_key key;

	return ksm_cgroup_key(kmm, &key) ? ksm_domain_has(domain, &key) :
					   kmm->domain == domain;
}

/* Do all that ksmd knows of who map a KSM folio belong to a domain? */
static bool all_belong_to(struct ksm_stable *stable, const struct ksm_domain *domain)
{
	struct ksm_slot *slot;

	hlist_for_each_entry(slot, &stable->mappings, link)
		if (!belongs_to(ksm_slot_tile(slot)->owner, domain))
			return false;
	return true;
}

/**
 * ksm_apart_still - tell whether somebody maps a KSM folio who has left its domain
 * @stable: its node
 *
 * Of those only that ksmd knows of.
 *
 * Context: ksm_mutex and the folio lock held.
 * Return: true if so, and nobody else is to come to share it.
 */
bool ksm_apart_still(struct ksm_stable *stable)
{
	return static_branch_unlikely(&ksm_domain_used) && ksm_cgroup_unsettled() &&
	       !all_belong_to(stable, ksm_stable_index(stable)->domain);
}

/* Take the pages of a process out of the unstable trees of the domain that it has left. */
static bool leave_trees(struct ksm_mm *kmm, unsigned long *left, struct ksm_budget *budget)
{
	struct ksm_tile *tile;

	for (tile = ksm_tile_from(kmm, *left); tile; tile = ksm_tile_next(tile)) {
		if (!ksm_budget_left(budget) || ksm_mm_hurried(kmm)) {
			*left = tile->addr;
			return false;
		}
		ksm_budget_spend(budget, 1 + hweight64(ksm_tile_unstable(tile)));
		ksm_tile_unsettle(tile, ~0ULL);
		cond_resched();
	}
	*left = 0;
	return true;
}

/*
 * Have the domain of a process be one with uniform faults or not, as was said at the start
 * of its turn, and the process be sorted anew if that is news to it.  Returns false if there
 * is more to do.
 */
static bool follow_uniform(struct ksm_mm *kmm, struct ksm_budget *budget)
{
	if (!static_branch_unlikely(&ksm_domain_uniform_used))
		return true;
	if (kmm->asked != kmm->turn) {
		kmm->asked = kmm->turn;
		kmm->wanted = ksm_cgroup_uniform(kmm);
		kmm->unsorted = 0;
	}
	ksm_domain_set_uniform(kmm->domain, kmm->wanted);
	if (kmm->uniform == kmm->wanted)
		return true;
	if (kmm->slot.mm->ksm_merging_pages)
		ksm_apart_set(kmm);
	if (!leave_trees(kmm, &kmm->unsorted, budget))
		return false;
	kmm->uniform = kmm->wanted;
	return true;
}

/* The same for the domain itself. */
static int follow_domain(struct ksm_mm *kmm, struct ksm_budget *budget)
{
	struct ksm_domain *domain;
	struct ksm_domain_key key;

	if (!ksm_cgroup_key(kmm, &key) || ksm_domain_has(kmm->domain, &key)) {
		kmm->left = 0;
		return 0;
	}
	if (kmm->slot.mm->ksm_merging_pages)
		ksm_apart_set(kmm);
	if (kmm->followed == kmm->turn) {
		ksm_apart_set(kmm);
		return -EBUSY;
	}
	if (!leave_trees(kmm, &kmm->left, budget))
		return -EAGAIN;
	domain = ksm_domain_get(&key);
	if (!domain) {
		ksm_apart_set(kmm);
		ksm_stats.unslotted++;
		return -ENOMEM;
	}
	ksm_domain_put(kmm->domain);
	kmm->domain = domain;
	kmm->followed = kmm->turn;
	/* That other domain may have other faults. */
	kmm->asked = kmm->turn - 1;
	trace_ksm_change_domain(kmm->slot.mm, key.group, key.own, key.user);
	return 0;
}

/**
 * ksm_apart_follow - have a process be in the domain that it belongs to
 * @kmm: process
 * @budget: what may be done; less what is done
 *
 * Once in a turn: what a process does to itself without end is to cost others nothing.
 *
 * Context: ksm_mutex held, between ksm_mm_enter() and ksm_mm_leave(), may sleep.
 * Return: 0; -EAGAIN if there is more to do; -ENOMEM, or -EBUSY if it has moved again
 *	   in this turn.  In all but the first case the process is not to be visited.
 */
int ksm_apart_follow(struct ksm_mm *kmm, struct ksm_budget *budget)
{
	int err = follow_domain(kmm, budget);

	return err ?: follow_uniform(kmm, budget) ? 0 : -EAGAIN;
}

/* Is a KSM folio of another domain, or not of the kind that those of its domain are? */
static bool is_foreign(struct ksm_stable *stable, struct ksm_domain *domain)
{
	return ksm_stable_index(stable)->domain != domain ||
	       ksm_stable_uniform(stable) != ksm_domain_uniform(domain);
}

/* Which of these pages map such KSM folios? */
static u64 foreign(struct ksm_tile *tile, u64 pages)
{
	u64 merged = ksm_tile_merged(tile) & pages, found = 0;

	for (; merged; merged &= merged - 1) {
		unsigned int i = __ffs64(merged);

		if (is_foreign(ksm_slot_stable(ksm_slot(tile, i)), tile->owner->domain))
			found |= BIT_ULL(i);
	}
	return found;
}

/*
 * Move a KSM folio to the domain of a process that maps it, if nobody maps it who is not
 * to be there, too: else all that a group shares would be copied when it gets a domain.
 */
static bool take_along(struct ksm_stable *stable, struct folio *folio,
		       struct ksm_domain *domain)
{
	struct ksm_slot *slot;
	bool ours;

	if (!folio_trylock(folio))
		return false;
	ours = ksm_node_of(folio) == stable && !ksm_stable_anchored(stable) &&
	       stable->nr <= KSM_MAX_COMPANIONS &&
	       folio_mapcount(folio) == stable->nr + ksm_hold_held(stable) &&
	       all_belong_to(stable, domain) &&
	       ksm_chain_rehome(stable, folio, domain);
	if (ours) {
		/* They may yet move elsewhere before their turn. */
		stable = ksm_node_of(folio);
		hlist_for_each_entry(slot, &stable->mappings, link)
			ksm_apart_set(ksm_slot_tile(slot)->owner);
	}
	folio_unlock(folio);
	return ours;
}

/* Map one KSM folio, which is locked, instead of another that is locked by this. */
static bool switch_to(struct ksm_item *item, struct folio *folio,
		      const struct ksm_lookup *lookup)
{
	bool switched;

	if (!folio_trylock(folio))
		return false;
	switched = ksm_node_of(folio) == ksm_slot_stable(ksm_slot(item->tile, item->nr)) &&
		   ksm_anchor_keep(ksm_slot(item->tile, item->nr), folio) &&
		   !ksm_pte_merge(item, &lookup->folio->page);
	if (switched) {
		ksm_mapping_switch(item->tile, item->nr, lookup->stable);
		ksm_hold_settle(lookup->stable, lookup->folio);
	}
	folio_unlock(folio);
	return switched;
}

/* Have a page be shared with those of its domain that have the same, if there are any. */
static bool join(struct ksm_item *item, struct ksm_stable *stable, struct folio *folio)
{
	struct ksm_index *index = ksm_domain_index(item->tile->owner->domain,
						   ksm_domain_nid(item->page));
	struct ksm_stable *first = ksm_stable_first(index, ksm_stable_key(stable));
	struct ksm_lookup lookup;
	bool joined = false;

	if (!first)
		return false;
	lookup = ksm_chain_lookup_begin(index, ksm_stable_key(stable), first);
	while (!joined && ksm_chain_lookup(&lookup)) {
		joined = all_belong_to(lookup.stable, index->domain) &&
			 ksm_stable_uniform(lookup.stable) == ksm_domain_uniform(index->domain) &&
			 switch_to(item, folio, &lookup);
		folio_unlock(lookup.folio);
		folio_put(lookup.folio);
	}
	return joined;
}

/* Map a copy, unless there was no memory for one: then not in this turn. */
static void copy(struct ksm_item *item)
{
	struct ksm_mm *kmm = item->tile->owner;
	int err = kmm->full ? -ENOMEM : ksm_pte_unshare(item);

	if (!err)
		ksm_mapping_end(item->tile, item->nr);
	kmm->full = err == -ENOMEM;
}

/* Have a KSM folio be of the kind that those of its domain are. */
static void convert(struct ksm_stable *stable, struct folio *folio)
{
	folio_lock(folio);
	if (ksm_node_of(folio) == stable)
		ksm_hold_switch(stable, folio,
				ksm_domain_uniform(ksm_stable_index(stable)->domain));
	folio_unlock(folio);
}

/* Have a page of a process be shared within its domain only. */
static void separate(struct ksm_item *item)
{
	struct ksm_stable *stable = ksm_slot_stable(ksm_slot(item->tile, item->nr));
	struct folio *folio;

	item->page = ksm_pte_get_page(item);
	if (!item->page)
		return;
	folio = page_folio(item->page);
	/*
	 * If it is another one by now, the next visit sees to that.  One that is bad is not
	 * to be read.
	 */
	if (ksm_node_of(folio) != stable || PageHWPoison(item->page))
		goto out;
	if (ksm_stable_index(stable)->domain == item->tile->owner->domain) {
		/* One that came by uniform faults, and found no equal, is to be one no more. */
		if (ksm_stable_uniform(stable) && stable->nr == 1)
			copy(item);
		else
			convert(stable, folio);
	} else if (!join(item, stable, folio) &&
		   !take_along(stable, folio, item->tile->owner->domain)) {
		copy(item);
	}
out:
	put_page(item->page);
}

/**
 * ksm_apart_visit - end what the pages of a visit share with other domains
 * @v: visit, noted and read
 * @budget: what may be done; less what is done
 *
 * Where there is no memory for a copy, that is left for the next pass.
 *
 * Context: ksm_mutex held, VMA locked, may sleep.
 * Return: where the next visit is to go on: where this one ended, unless the budget did
 *	   not last or somebody waits.
 */
unsigned long ksm_apart_visit(struct ksm_visit *v, struct ksm_budget *budget)
{
	struct ksm_tile *tile = v->tile;
	u64 left = v->next > v->addr ? foreign(tile, ksm_tile_mask(tile, v->addr, v->next)) : 0;

	for (; left && budget->reads && !ksm_mm_hurried(tile->owner); left &= left - 1) {
		struct ksm_item item = {
			.pmdp = v->sweep->pmdp,
			.tile = tile,
			.nr = __ffs64(left),
		};

		item.vma = ksm_vmas_at(v->sweep->vmas, ksm_item_addr(&item));
		budget->reads--;
		separate(&item);
		cond_resched();
		/* One at least, or who keeps changing the VMA would keep his shares. */
		if (ksm_vma_any_contended(v->sweep->vmas)) {
			left &= left - 1;
			break;
		}
	}
	return left ? ksm_tile_addr(tile, __ffs64(left)) : v->next;
}

/**
 * ksm_apart_over - see whether a process shares nothing any more with other domains
 * @kmm: process whose turn in a pass is over
 *
 * Context: ksm_mutex held, may sleep.
 * Return: true if so.
 */
bool ksm_apart_over(struct ksm_mm *kmm)
{
	struct ksm_tile *tile;

	if (!kmm->apart)
		return true;
	if (!ksm_cgroup_keeps(kmm))
		return false;
	for (tile = ksm_tile_first(kmm); tile; tile = ksm_tile_next(tile)) {
		if (foreign(tile, ~0ULL) || ksm_mm_hurried(kmm))
			return false;
		cond_resched();
	}
	kmm->apart = false;
	return true;
}

/* Pages of a process that map KSM folios of domains that it does not belong to. */
static unsigned long pending_of(struct ksm_mm *kmm)
{
	unsigned long pending = 0;
	struct ksm_tile *tile;

	if (!kmm->apart && ksm_cgroup_keeps(kmm))
		return 0;
	for (tile = ksm_tile_first(kmm); tile; tile = ksm_tile_next(tile)) {
		u64 merged = ksm_tile_merged(tile);

		for (; merged; merged &= merged - 1) {
			struct ksm_slot *slot = ksm_slot(tile, __ffs64(merged));
			struct ksm_index *index = ksm_stable_index(ksm_slot_stable(slot));

			pending += !belongs_to(kmm, index->domain);
		}
		cond_resched();
	}
	return pending;
}

/**
 * ksm_apart_pending - tell how many pages processes share with domains they have left
 *
 * Of those that ksmd knows of.
 *
 * Context: ksm_mutex held, may sleep; takes time in proportion to the processes, and to
 *	    the pages of those that have moved.
 * Return: pages.
 */
unsigned long ksm_apart_pending(void)
{
	unsigned long pending = 0;
	struct ksm_mm *kmm = NULL;

	if (!static_branch_unlikely(&ksm_domain_used))
		return 0;
	while ((kmm = ksm_mms_next_visited(kmm))) {
		pending += pending_of(kmm);
		cond_resched();
	}
	return pending;
}
