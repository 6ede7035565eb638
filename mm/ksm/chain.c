// SPDX-License-Identifier: GPL-2.0
/*
 * The KSM folios of one content: found, added to, and searched for those that are gone.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched.h>

#include "internal.h"

/* Nodes of a chain to look at in one search for stale ones. */
#define PRUNE_NODES	256

/* Free a node if its folio is gone, or begin to. */
static bool kill_if_gone(struct ksm_stable *stable)
{
	struct folio *folio = ksm_node_get(stable, KSM_NOLOCK);

	if (folio) {
		folio_put(folio);
		return false;
	}
	ksm_mapping_kill(stable);
	return true;
}

/*
 * Free stale nodes of a chain, if it is time for that: a part of a long chain at a time.
 * Returns true if nodes were looked at: @head may be gone.
 */
static bool prune(struct ksm_stable *head)
{
	unsigned long interval = msecs_to_jiffies(ksm_knobs.prune_millisecs);
	struct ksm_stable_more *more = ksm_stable_more(head);
	unsigned int looked = 0, stale = 0;
	bool last = false;

	if (!more || !more->others)
		return false;
	if (!more->prune_next) {
		if ((u32)jiffies - more->pruned <= interval)
			return false;
		more->pruned = (u32)jiffies;
		more->prune_next = head;
	}
	while (!last && more->prune_next && looked < PRUNE_NODES) {
		struct ksm_stable *stable = more->prune_next;

		more->prune_next = ksm_stable_next_other(stable);
		if (ksm_stable_hollow(stable))
			continue;
		last = ksm_stable_live(head) == 1;
		looked++;
		stale += kill_if_gone(stable);
		cond_resched();
	}
	if (looked)
		WRITE_ONCE(ksm_stats.prune_miss_ratio, 100 * stale / looked);
	return true;
}

enum step {
	TRY_NEXT,
	START_OVER,	/* the tree has got smaller */
	FOUND,
	GIVE_UP,
};

/* Is there a folio of this content that a page can be merged with? */
static enum step try_content(struct ksm_lookup *lookup)
{
	struct ksm_stable *stable;
	struct folio *folio;
	enum step step;

	/* Once: a long chain may be due again when its search ends. */
	if (!lookup->pruned && prune(lookup->head)) {
		lookup->pruned = true;
		return START_OVER;
	}
	stable = ksm_stable_pick(lookup->head, ksm_knobs.max_page_sharing);
	if (!stable)
		return TRY_NEXT;
	folio = ksm_node_get(stable, KSM_TRYLOCK);
	if (IS_ERR(folio))
		return GIVE_UP;
	if (!folio)
		return ksm_mapping_kill(stable) ? START_OVER : GIVE_UP;

	if (PageHWPoison(&folio->page)) {
		/* While it is mapped, memory failure needs its node. */
		step = TRY_NEXT;
		if (!ksm_hold_mapped(stable, folio)) {
			ksm_mapping_disown(stable, folio);
			step = START_OVER;
		}
	} else if (ksm_domain_nid(&folio->page) != lookup->index->nid) {
		/* Migrated to another node: no more to share here. */
		step = ksm_chain_rehome(stable, folio, lookup->index->domain) ?
		       START_OVER : GIVE_UP;
	} else {
		lookup->stable = stable;
		lookup->folio = folio;
		return FOUND;
	}
	folio_unlock(folio);
	folio_put(folio);
	return step;
}

/**
 * ksm_chain_lookup - find the next KSM folio that a page may be merged with
 * @lookup: begun by ksm_chain_lookup_begin(); its @stable and @folio are set
 *
 * What is found stale on the way is freed.  Fingerprints may tie: whether the bytes are
 * equal is for the caller to see, who unlocks and puts the folio, and comes back for the
 * next.
 *
 * Context: ksm_mutex held, may sleep.
 * Return: true if one was found, locked, with room; false at the end, then @busy tells
 *	   whether that is because somebody else holds one.
 */
bool ksm_chain_lookup(struct ksm_lookup *lookup)
{
	enum step step;

	if (lookup->begun)
		lookup->head = ksm_stable_next(lookup->head);
	lookup->begun = true;
	while (lookup->head && lookup->ties--) {
		step = try_content(lookup);
		if (step == FOUND)
			return true;
		if (step == TRY_NEXT) {
			lookup->head = ksm_stable_next(lookup->head);
			continue;
		}
		if (step == GIVE_UP || !lookup->rounds--) {
			lookup->busy = true;
			return false;
		}
		cond_resched();
		lookup->ties = KSM_MAX_TIES;
		lookup->head = ksm_stable_first(lookup->index, lookup->key);
	}
	return false;
}

/* Head of the nodes whose folios hold the same bytes as @page, or NULL. */
static struct ksm_stable *find_content(struct ksm_index *index, u64 key,
				       struct page *page)
{
	struct ksm_stable *head;

	for (head = ksm_stable_first(index, key); head; head = ksm_stable_next(head)) {
		struct ksm_stable *stable = head;
		struct folio *folio;
		bool same;

		if (ksm_stable_hollow(head))
			stable = ksm_stable_next_other(head);
		folio = ksm_node_get(stable, KSM_NOLOCK);
		if (!folio)
			continue;
		/* A full node is not disowned when its page goes bad. */
		same = !folio_test_hwpoison(folio) &&
		       ksm_content_same(page, &folio->page);
		folio_put(folio);
		if (same)
			return head;
	}
	return NULL;
}

/**
 * ksm_chain_add - make a page a KSM page
 * @stable: node in no tree
 * @index: where it belongs
 * @page: locked page, write-protected wherever it is mapped
 * @key: its fingerprint
 *
 * Context: ksm_mutex held, may sleep.
 */
void ksm_chain_add(struct ksm_stable *stable, struct ksm_index *index,
		   struct page *page, u64 key)
{
	struct ksm_stable *head = find_content(index, key, page);

	ksm_node_adopt(stable, page_folio(page), key);
	if (!head || !ksm_stable_chain(head, stable))
		ksm_stable_insert(index, stable);
}

/**
 * ksm_chain_announce - have pages find a KSM folio that is new where it is
 * @stable: its node, in a tree
 *
 * Those with its fingerprint wait in the unstable tree for an equal, and would not be
 * read again as long as they do not change.
 *
 * Context: ksm_mutex held, may sleep.
 */
void ksm_chain_announce(struct ksm_stable *stable)
{
	if (!ksm_tile_unsettle_equals(ksm_stable_index(stable), ksm_stable_key(stable),
				      KSM_MAX_REMOVALS))
		ksm_watch_add(stable);
}

/**
 * ksm_chain_rehome - move a KSM folio to the index that it belongs to by now
 * @stable: its node; freed
 * @folio: folio, locked
 * @domain: domain that it belongs to
 *
 * Its mappings stay known all the while.
 *
 * Context: ksm_mutex held, may sleep.
 * Return: false if there is no memory for it: nothing has changed then.
 */
bool ksm_chain_rehome(struct ksm_stable *stable, struct folio *folio,
		      struct ksm_domain *domain)
{
	struct ksm_index *index = ksm_domain_index(domain, ksm_domain_nid(&folio->page));
	struct ksm_stable *new = ksm_stable_alloc();

	if (!new || (ksm_stable_anchored(stable) && !ksm_stable_extend(new))) {
		ksm_stable_free(new);
		ksm_stats.unslotted++;
		return false;
	}
	/* First: it finds its place on a chain by the mappings that it gets. */
	ksm_chain_add(new, index, &folio->page, ksm_stable_key(stable));
	ksm_hold_move(stable, new);
	ksm_mapping_move_all(stable, new);
	if (stable->watch)
		ksm_watch_add(new);
	ksm_mapping_bury(stable);
	ksm_chain_announce(new);
	return true;
}

static bool is_sound(struct ksm_stable *stable)
{
	struct folio *folio = ksm_node_get(stable, KSM_NOLOCK);
	bool sound = folio && !folio_test_hwpoison(folio);

	if (folio)
		folio_put(folio);
	return sound;
}

/**
 * ksm_chain_sound - find a sound folio on the same chain
 * @bad: node whose folio went bad
 *
 * One with room if there is any; better too many mappings than a loss.
 *
 * Context: ksm_mutex held, no folio locked, may sleep.
 * Return: its node, or NULL.
 */
struct ksm_stable *ksm_chain_sound(struct ksm_stable *bad)
{
	struct ksm_stable *stable = ksm_stable_head(bad), *sound = NULL;

	while (stable) {
		if (stable != bad && is_sound(stable)) {
			sound = stable;
			if (sound->nr + bad->nr <= ksm_knobs.max_page_sharing)
				break;
		}
		stable = ksm_stable_next_other(stable);
		cond_resched();
	}
	return sound;
}

/* Free a node; with @keep_mapped only if its folio is not mapped. */
static void disown(struct ksm_stable *stable, bool keep_mapped)
{
	struct folio *folio = ksm_node_get(stable, KSM_LOCK);

	if (!folio) {
		while (!ksm_mapping_kill(stable))
			cond_resched();
		return;
	}
	if (!keep_mapped || !ksm_hold_mapped(stable, folio))
		ksm_mapping_disown(stable, folio);
	folio_unlock(folio);
	folio_put(folio);
}

/**
 * ksm_chain_disown_unmapped - free all nodes but those whose folios are mapped
 *
 * An rmap walk may yet have to find who maps them.
 *
 * Context: ksm_mutex held, may sleep.
 */
void ksm_chain_disown_unmapped(void)
{
	struct ksm_stable_iter iter = {};
	struct ksm_stable *stable;

	while ((stable = ksm_stable_iter_next(&iter))) {
		disown(stable, true);
		cond_resched();
	}
}

#ifdef CONFIG_MEMORY_HOTREMOVE
/**
 * ksm_chain_offline - free the nodes of page frames that are gone
 * @start_pfn: first page frame
 * @end_pfn: end of the range
 *
 * What was in use there has been migrated, unless it is bad: these nodes are stale,
 * and soon there is no struct page to find that out from.  A bad page is not migrated,
 * and memory_failure() may be about to ask for its node.
 *
 * Context: ksm_mutex held, may sleep.
 */
void ksm_chain_offline(unsigned long start_pfn, unsigned long end_pfn)
{
	struct ksm_stable_iter iter = {};
	struct ksm_stable *stable;

	while ((stable = ksm_stable_iter_next(&iter))) {
		if (stable->pfn >= start_pfn && stable->pfn < end_pfn)
			disown(stable, false);
		cond_resched();
	}
}
#endif
