// SPDX-License-Identifier: GPL-2.0
/*
 * From a stable node to its folio, and what happens to a node whose folio goes.
 *
 * A node holds no reference to its folio: the last unmap frees a KSM folio like
 * any other, without asking ksmd.  All that is left then is a node whose page
 * frame does not point back to it.
 */
#include <linux/mm.h>
#include <linux/page_ref.h>
#include <linux/pagemap.h>
#include <linux/sched.h>

#include <trace/events/ksm.h>

#include "ksm.h"

/* Nodes of a chain to look at in one search for stale ones. */
#define KSM_PRUNE_NODES	256

static bool points_back(const struct folio *folio, const struct ksm_stable *stable)
{
	return READ_ONCE(folio->mapping) ==
	       (void *)((unsigned long)stable | PAGE_MAPPING_KSM);
}

static struct folio *stable_get(struct ksm_stable *stable)
{
	for (;;) {
		unsigned long pfn = READ_ONCE(stable->pfn);
		struct folio *folio;

		if (pfn == KSM_HOLLOW)
			return NULL;

		/* Whatever the frame is now: a tail page has no references. */
		folio = (struct folio *)pfn_to_page(pfn);
		if (points_back(folio, stable)) {
			if (folio_try_get(folio)) {
				if (points_back(folio, stable))
					return folio;
				folio_put(folio);
			} else if (folio_test_swapcache(folio)) {
				/* Reclaim froze it: in a moment it is gone or back. */
				cpu_relax();
				continue;
			}
		}

		/*
		 * Pairs with the smp_wmb() in folio_migrate_ksm(): whoever sees
		 * that the old folio has lost its node sees the new frame too.
		 */
		smp_rmb();
		if (READ_ONCE(stable->pfn) == pfn)
			return NULL;
	}
}

/**
 * ksm_stable_get - get the folio of a node
 * @stable: node
 * @lock: whether to lock the folio, and whether to wait for that
 *
 * Context: ksm_mutex held; may sleep with KSM_LOCK.
 * Return: the folio, with a reference and locked as asked for; NULL if it is
 *	   gone; ERR_PTR(-EBUSY) if somebody else has it locked.
 */
struct folio *ksm_stable_get(struct ksm_stable *stable, enum ksm_lock lock)
{
	struct folio *folio;

	while ((folio = stable_get(stable))) {
		if (lock == KSM_NOLOCK)
			return folio;
		if (lock == KSM_LOCK) {
			folio_lock(folio);
		} else if (!folio_trylock(folio)) {
			folio_put(folio);
			return ERR_PTR(-EBUSY);
		}
		if (points_back(folio, stable))
			return folio;

		/* Migrated, or freed, before it was locked. */
		folio_unlock(folio);
		folio_put(folio);
	}
	return NULL;
}

/**
 * ksm_stable_find - find the nodes of a content
 * @index: where to look
 * @key: its fingerprint
 * @page: a page that holds it
 *
 * Context: ksm_mutex held; may sleep.
 * Return: head of the nodes whose folios hold the same bytes, or NULL.
 */
struct ksm_stable *ksm_stable_find(struct ksm_index *index, u64 key,
				   struct page *page)
{
	struct ksm_stable *head;

	for (head = ksm_stable_first(index, key); head;
	     head = ksm_stable_next(head)) {
		struct ksm_stable *stable = head;
		struct folio *folio;
		bool same;

		if (head->pfn == KSM_HOLLOW)
			stable = list_first_entry(&head->chain,
						  struct ksm_stable, chain);
		folio = ksm_stable_get(stable, KSM_NOLOCK);
		if (!folio)
			continue;
		/* A full node is not disowned when its page goes bad. */
		same = !folio_test_hwpoison(folio) &&
		       ksm_pages_equal(page, &folio->page);
		folio_put(folio);
		if (same)
			return head;
	}
	return NULL;
}

/**
 * ksm_stable_adopt - make a folio the KSM folio of a node
 * @stable: node in no tree
 * @folio: locked anonymous folio, write-protected wherever it is mapped
 * @key: its fingerprint
 */
void ksm_stable_adopt(struct ksm_stable *stable, struct folio *folio, u64 key)
{
	stable->key = key & KSM_KEY_MASK;
	stable->pfn = folio_pfn(folio);
	/* Reclaim drops clean folios: this one must go to swap. */
	if (!folio_test_dirty(folio))
		folio_mark_dirty(folio);
	WRITE_ONCE(folio->mapping,
		   (void *)((unsigned long)stable | PAGE_MAPPING_KSM));
}

/**
 * ksm_stable_promote - make a page a KSM page
 * @stable: node in no tree
 * @index: where it belongs
 * @page: locked page, write-protected wherever it is mapped
 * @key: its fingerprint
 *
 * Context: ksm_mutex held, may sleep.
 */
void ksm_stable_promote(struct ksm_stable *stable, struct ksm_index *index,
			struct page *page, u64 key)
{
	struct ksm_stable *head = ksm_stable_find(index, key, page);

	ksm_stable_adopt(stable, page_folio(page), key);
	if (head)
		ksm_stable_chain(head, stable);
	else
		ksm_stable_insert(index, stable);
}

/**
 * ksm_stable_bury - free a node that has lost its folio and its last mapping
 * @stable: node without mappings and anchors
 *
 * Context: ksm_mutex held.
 */
void ksm_stable_bury(struct ksm_stable *stable)
{
	trace_ksm_remove_ksm_page(stable->pfn);
	list_del_init(&stable->watch);
	ksm_stable_erase(stable);
}

/**
 * ksm_stable_rehome - move a KSM folio to another index
 * @stable: its node; freed
 * @index: where the folio belongs by now
 * @folio: folio, locked
 *
 * Its mappings stay known all the while.
 *
 * Context: ksm_mutex held, may sleep.
 * Return: false if there is no memory for it: nothing has changed then.
 */
bool ksm_stable_rehome(struct ksm_stable *stable, struct ksm_index *index,
		       struct folio *folio)
{
	unsigned int max = ksm_knobs.max_page_sharing;
	struct ksm_stable *new = ksm_stable_alloc();
	struct hlist_node *next;
	struct ksm_slot *slot;

	if (!new) {
		ksm_stats.unslotted++;
		return false;
	}
	/* First: it finds its place on a chain by the mappings that it gets. */
	ksm_stable_promote(new, index, &folio->page, stable->key);
	hlist_for_each_entry_safe(slot, next, &stable->mappings, link) {
		ksm_stable_unmap(stable, slot, max);
		ksm_stable_map(new, slot, max);
	}
	ksm_anchor_move(stable, new);
	if (!list_empty(&stable->watch))
		ksm_watch(new);
	ksm_stable_bury(stable);
	return true;
}

/**
 * ksm_stable_orphan - a node has lost its last known mapping
 * @stable: node without mappings
 *
 * Frees the node if its folio is gone.  If the folio lives on, in the swap cache for
 * instance, so does the node.
 */
void ksm_stable_orphan(struct ksm_stable *stable)
{
	struct folio *folio = ksm_stable_get(stable, KSM_NOLOCK);

	if (!folio) {
		ksm_stable_bury(stable);
		return;
	}
	folio_put(folio);
	ksm_watch(stable);
}

/**
 * ksm_stable_kill - free a node with its mappings
 * @stable: node whose folio is gone, or locked and pointing back no more
 *
 * As many mappings as a folio usually has are forgotten at a time.
 *
 * Context: ksm_mutex held, may sleep.
 * Return: false if there are more: the rest can be left to ksm_watch_round().
 */
bool ksm_stable_kill(struct ksm_stable *stable)
{
	unsigned int left = KSM_KILL_SLOTS;
	struct hlist_node *next;
	struct ksm_slot *slot;

	hlist_for_each_entry_safe(slot, next, &stable->mappings, link) {
		if (!left--) {
			ksm_watch(stable);
			return false;
		}
		ksm_slot_unmap(slot);
	}
	ksm_anchor_drop_all(stable);
	ksm_stable_bury(stable);
	return true;
}

/**
 * ksm_stable_disown - free a node whose folio lives on
 * @stable: node
 * @folio: its folio, locked
 *
 * What still maps the folio finds it without a node, and ksmd gives it a new one
 * at its next visit.
 *
 * Context: ksm_mutex held, may sleep.
 */
void ksm_stable_disown(struct ksm_stable *stable, struct folio *folio)
{
	WRITE_ONCE(folio->mapping, (void *)PAGE_MAPPING_KSM);
	while (!ksm_stable_kill(stable))
		cond_resched();
}

typedef void (*stable_fn)(struct ksm_stable *stable, unsigned long start_pfn,
			  unsigned long end_pfn);

/* @fn may free the node it is called for, and with the last one its head. */
static void visit_content(struct ksm_stable *head, stable_fn fn,
			  unsigned long start_pfn, unsigned long end_pfn)
{
	struct ksm_stable *stable, *next;

	list_for_each_entry_safe(stable, next, &head->chain, chain) {
		bool last = head->pfn == KSM_HOLLOW &&
			    list_is_singular(&head->chain);

		fn(stable, start_pfn, end_pfn);
		if (last)
			return;
		cond_resched();
	}
	if (head->pfn != KSM_HOLLOW)
		fn(head, start_pfn, end_pfn);
}

static void visit_all(stable_fn fn, unsigned long start_pfn, unsigned long end_pfn)
{
	struct ksm_index *index;
	struct rb_node *node, *next;

	for (index = ksm_next_index(NULL); index;
	     index = ksm_next_index(index)) {
		for (node = rb_first(&index->stable); node; node = next) {
			next = rb_next(node);
			visit_content(rb_entry(node, struct ksm_stable, node),
				      fn, start_pfn, end_pfn);
			cond_resched();
		}
	}
}

/* Free a node if its folio is gone, or begin to. */
static bool kill_if_gone(struct ksm_stable *stable)
{
	struct folio *folio = ksm_stable_get(stable, KSM_NOLOCK);

	if (folio) {
		folio_put(folio);
		return false;
	}
	ksm_stable_kill(stable);
	return true;
}

/**
 * ksm_stable_prune - free stale nodes of a chain, if it is time for that
 * @head: head of the chain
 *
 * A part of a long chain at a time.
 *
 * Context: ksm_mutex held, may sleep.
 * Return: true if nodes were looked at: @head may be gone.
 */
bool ksm_stable_prune(struct ksm_stable *head)
{
	unsigned long interval = msecs_to_jiffies(ksm_knobs.prune_millisecs);
	unsigned int looked = 0, stale = 0;
	bool last = false;

	if (list_empty(&head->chain))
		return false;
	if (!head->prune_next) {
		if (time_before_eq(jiffies, head->pruned + interval))
			return false;
		head->pruned = jiffies;
		head->prune_next = head;
	}
	while (!last && head->prune_next && looked < KSM_PRUNE_NODES) {
		struct ksm_stable *stable = head->prune_next;
		struct ksm_stable *next = list_next_entry(stable, chain);

		head->prune_next = next == head ? NULL : next;
		if (stable->pfn == KSM_HOLLOW)
			continue;
		last = head->live == 1;
		looked++;
		stale += kill_if_gone(stable);
		cond_resched();
	}
	if (looked)
		WRITE_ONCE(ksm_stats.prune_miss_ratio, 100 * stale / looked);
	return true;
}

/* Free a node; with @keep_mapped only if its folio is not mapped. */
static void disown(struct ksm_stable *stable, bool keep_mapped)
{
	struct folio *folio = ksm_stable_get(stable, KSM_LOCK);

	if (!folio) {
		while (!ksm_stable_kill(stable))
			cond_resched();
		return;
	}
	if (!keep_mapped || !folio_mapped(folio))
		ksm_stable_disown(stable, folio);
	folio_unlock(folio);
	folio_put(folio);
}

static void disown_unmapped(struct ksm_stable *stable, unsigned long start_pfn,
			    unsigned long end_pfn)
{
	disown(stable, true);
}

/**
 * ksm_disown_unmapped - free all nodes but those whose folios are mapped
 *
 * An rmap walk may yet have to find who maps them.
 *
 * Context: ksm_mutex held, may sleep.
 */
void ksm_disown_unmapped(void)
{
	visit_all(disown_unmapped, 0, 0);
}

#ifdef CONFIG_MEMORY_HOTREMOVE
static void disown_in_range(struct ksm_stable *stable, unsigned long start_pfn,
			    unsigned long end_pfn)
{
	/* A bad page is not migrated, and memory_failure() may be about to ask for its node. */
	if (stable->pfn >= start_pfn && stable->pfn < end_pfn)
		disown(stable, false);
}

/**
 * ksm_stable_offline - free the nodes of page frames that are gone
 * @start_pfn: first page frame
 * @end_pfn: end of the range
 *
 * What was in use there has been migrated, unless it is bad: these nodes are stale,
 * and soon there is no struct page to find that out from.
 *
 * Context: ksm_mutex held, may sleep.
 */
void ksm_stable_offline(unsigned long start_pfn, unsigned long end_pfn)
{
	visit_all(disown_in_range, start_pfn, end_pfn);
}
#endif
