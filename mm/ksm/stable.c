// SPDX-License-Identifier: GPL-2.0
/*
 * Stable trees: KSM folios by fingerprint.
 *
 * Contents whose fingerprints tie stand side by side in the tree; the caller
 * tells them apart by their bytes, which cannot change.  Once a folio has as
 * many mappings as max_page_sharing allows, further folios of its content hang
 * on its node, the head of their chain, so that an rmap walk stays short.
 */
#include <kunit/static_stub.h>
#include <linux/jiffies.h>
#include <linux/slab.h>

#include <asm/barrier.h>

#include "index.h"
#include "state.h"

static struct kmem_cache *stable_cache;
static struct kmem_cache *more_cache;

/**
 * ksm_stable_alloc - allocate a node
 *
 * Context: Process context, may sleep, no folio lock held.
 * Return: a node in no tree, or NULL.
 */
struct ksm_stable *ksm_stable_alloc(void)
{
	struct ksm_stable *stable;

	stable = kmem_cache_zalloc(stable_cache, ksm_gfp);
	if (!stable)
		return NULL;
	atomic_long_add(sizeof(*stable), &ksm_stats.bytes);
	return stable;
}

/**
 * ksm_stable_free - free a node
 * @stable: node in no tree, without mappings, or NULL
 */
void ksm_stable_free(struct ksm_stable *stable)
{
	struct ksm_stable_more *more;

	if (!stable)
		return;
	more = ksm_stable_more(stable);
	if (more) {
		atomic_long_sub(sizeof(*more), &ksm_stats.bytes);
		kmem_cache_free(more_cache, more);
	}
	atomic_long_sub(sizeof(*stable), &ksm_stats.bytes);
	kmem_cache_free(stable_cache, stable);
}

/**
 * ksm_stable_extend - have a node be able to have anchors, or others on its chain
 * @stable: node
 *
 * Context: ksm_mutex held, or the node not yet known to others.
 * Return: false if there is no memory for it.
 */
bool ksm_stable_extend(struct ksm_stable *stable)
{
	struct ksm_stable_more *more;
	unsigned long other;

	KUNIT_STATIC_STUB_REDIRECT(ksm_stable_extend, stable);
	if (ksm_stable_more(stable))
		return true;
	/* Folios may be locked. */
	more = kmem_cache_zalloc(more_cache, ksm_gfp_nowait());
	if (!more)
		return false;
	atomic_long_add(sizeof(*more), &ksm_stats.bytes);
	INIT_LIST_HEAD(&more->chain);
	more->pruned = (u32)jiffies;
	more->index = ksm_stable_index(stable);
	other = stable->place & KSM_STABLE_OTHER;
	/* An rmap walk may be looking for anchors. */
	smp_store_release(&stable->place, (unsigned long)more | KSM_STABLE_MORE | other);
	return true;
}

static void set_place(struct ksm_stable *stable, struct ksm_index *index,
		      unsigned long other)
{
	struct ksm_stable_more *more = ksm_stable_more(stable);

	if (more) {
		more->index = index;
		stable->place = (unsigned long)more | KSM_STABLE_MORE | other;
	} else {
		stable->place = (unsigned long)index | other;
	}
}

/**
 * ksm_stable_first - find the contents that have a fingerprint
 * @index: where
 * @key: fingerprint, KSM_KEY_MASK of it
 *
 * Return: first head with @key, or NULL; go on with ksm_stable_next().
 */
struct ksm_stable *ksm_stable_first(struct ksm_index *index, u64 key)
{
	return rb_entry_safe(ksm_forest_find(&index->stable, key), struct ksm_stable, node);
}

/**
 * ksm_stable_next - next content of the same fingerprint
 * @head: head
 *
 * Return: a head, or NULL.
 */
struct ksm_stable *ksm_stable_next(struct ksm_stable *head)
{
	return rb_entry_safe(ksm_forest_find_next(&head->node), struct ksm_stable, node);
}

/**
 * ksm_stable_pick - choose the folio of a content to map to
 * @head: head of the content
 * @max: mappings that a folio may have
 *
 * Return: a node with room, or NULL.
 */
struct ksm_stable *ksm_stable_pick(struct ksm_stable *head, unsigned int max)
{
	struct ksm_stable *first;

	if (!ksm_stable_hollow(head) && head->nr < max)
		return head;
	first = ksm_stable_next_other(head);
	return first && first->nr < max ? first : NULL;
}

/**
 * ksm_stable_next_other - walk the nodes of a content that are not its head
 * @stable: the one before, or the head
 *
 * Return: the next, or NULL.
 */
struct ksm_stable *ksm_stable_next_other(const struct ksm_stable *stable)
{
	bool other = stable->place & KSM_STABLE_OTHER;
	struct ksm_stable_more *more = ksm_stable_more(other ? stable->head : stable);
	const struct list_head *at;

	if (!more)
		return NULL;
	at = other ? &stable->chain : &more->chain;
	return list_is_last(at, &more->chain) ? NULL :
						list_entry(at->next, struct ksm_stable, chain);
}

/**
 * ksm_stable_live - tell how many nodes of a content have a folio
 * @head: head of the content
 *
 * Return: their number.
 */
unsigned int ksm_stable_live(const struct ksm_stable *head)
{
	struct ksm_stable_more *more = ksm_stable_more(head);

	return !ksm_stable_hollow(head) + (more ? more->others : 0);
}

/* Keep stable_node_chains and stable_node_dups: a single folio is no chain. */
static void count_chain(unsigned int live, unsigned int before)
{
	before = before > 1 ? before : 0;
	live = live > 1 ? live : 0;
	ksm_stats.dups += (long)live - (long)before;
	ksm_stats.chains += !!live - !!before;
}

/**
 * ksm_stable_insert - add a content
 * @index: where
 * @stable: node with its key, in no tree
 */
void ksm_stable_insert(struct ksm_index *index, struct ksm_stable *stable)
{
	/* Each page that waits for an equal one may get a node. */
	index->stable.expected = index->unstable.nr;
	ksm_forest_insert(&index->stable, &stable->node);
	set_place(stable, index, 0);
}

/**
 * ksm_stable_chain - add a further folio of a content
 * @head: head of the content
 * @stable: node with its key, in no tree
 *
 * Return: false if there is no memory for it.  Then it can stand beside @head, as if
 *	   their contents differed.
 */
bool ksm_stable_chain(struct ksm_stable *head, struct ksm_stable *stable)
{
	struct ksm_stable_more *more;
	unsigned int before;

	if (!ksm_stable_extend(head))
		return false;
	more = ksm_stable_more(head);
	before = ksm_stable_live(head);
	list_add(&stable->chain, &more->chain);
	more->others++;
	stable->head = head;
	set_place(stable, more->index, KSM_STABLE_OTHER);
	count_chain(before + 1, before);
	return true;
}

static void erase_head(struct ksm_stable *head)
{
	struct ksm_index *index = ksm_stable_index(head);

	index->stable.expected = index->unstable.nr;
	ksm_forest_erase(&index->stable, &head->node);
	ksm_stable_free(head);
}

static void unchain(struct ksm_stable_more *more, struct ksm_stable *stable)
{
	if (more->prune_next == stable)
		more->prune_next = ksm_stable_next_other(stable);
	if (more->search_next == stable)
		more->search_next = ksm_stable_next_other(stable);
	list_del(&stable->chain);
	more->others--;
	ksm_stable_free(stable);
}

/**
 * ksm_stable_erase - take a node out of its tree and free it
 * @stable: node without mappings
 *
 * A head stays, hollow, for as long as others hang on it.
 */
void ksm_stable_erase(struct ksm_stable *stable)
{
	struct ksm_stable *head = ksm_stable_head(stable);
	unsigned int live, before = ksm_stable_live(head);

	if (ksm_stable_uniform(stable))
		ksm_stable_set_uniform(stable, false);
	if (stable != head)
		unchain(ksm_stable_more(head), stable);
	else
		WRITE_ONCE(head->pfn, KSM_HOLLOW);
	live = ksm_stable_live(head);
	count_chain(live, before);
	if (!live)
		erase_head(head);
}

/* Nodes with room come first on a chain. */
static void chain_sort(struct ksm_stable *stable, bool room)
{
	struct list_head *chain;

	if (!(stable->place & KSM_STABLE_OTHER))
		return;
	chain = &ksm_stable_more(stable->head)->chain;
	if (room)
		list_move(&stable->chain, chain);
	else
		list_move_tail(&stable->chain, chain);
}

/*
 * Count a node in, or with -1 out.  A folio that came by uniform faults is not shared
 * while only one page maps it.
 */
static void count_node(const struct ksm_stable *stable, int by)
{
	const struct ksm_stable_more *more = ksm_stable_more(stable);

	if (ksm_stable_uniform(stable) && stable->nr == 1) {
		ksm_stats.alone += by;
	} else if (stable->nr) {
		unsigned int mappings = stable->nr - (more ? more->nr_anchors : 0);
		long sharing = mappings ? mappings - 1 : 0;

		ksm_stats.shared += by;
		ksm_stats.sharing += by * sharing;
		if (static_branch_unlikely(&ksm_domain_used))
			ksm_domain_count(ksm_stable_index(stable)->domain, by, by * sharing);
	}
}

/* Not inlined, and all that there is to do, for the sake of machines without domains. */
static noinline void recount(struct ksm_stable *stable, int by, int anchors, unsigned int max)
{
	count_node(stable, -1);
	stable->nr += by;
	if (anchors)
		ksm_stable_more(stable)->nr_anchors += anchors;
	count_node(stable, 1);
	if (by > 0 ? stable->nr == max : stable->nr + 1 == max)
		chain_sort(stable, by < 0);
}

/**
 * ksm_stable_count_anchor - count one more anchor of a node, or one less
 * @stable: node
 * @by: 1 or -1
 * @max: mappings and anchors that a folio may have
 *
 * Context: ksm_mutex held.
 */
void ksm_stable_count_anchor(struct ksm_stable *stable, int by, unsigned int max)
{
	recount(stable, by, by, max);
}

/**
 * ksm_stable_set_uniform - say whether a node came by uniform faults
 * @stable: node in a tree
 * @uniform: whether
 *
 * Context: ksm_mutex held, and the folio lock if it has a folio.
 */
void ksm_stable_set_uniform(struct ksm_stable *stable, bool uniform)
{
	if (ksm_stable_uniform(stable) == uniform)
		return;
	count_node(stable, -1);
	WRITE_ONCE(stable->word, stable->word ^ KSM_STABLE_UNIFORM);
	count_node(stable, 1);
	ksm_stats.uniform += uniform ? 1 : -1;
	ksm_stable_index(stable)->uniform += uniform ? 1 : -1;
}

/**
 * ksm_stable_map - add a mapping to a node
 * @stable: node
 * @slot: slot of the mapping, in no tree
 * @max: mappings that a folio may have
 *
 * Context: lock of the KSM folio held, or the folio not yet known as one.
 */
void ksm_stable_map(struct ksm_stable *stable, struct ksm_slot *slot,
		    unsigned int max)
{
	bool first = hlist_empty(&stable->mappings);

	slot->word = (unsigned long)stable | (slot->word & KSM_SLOT_MASK);
	hlist_add_head(&slot->link, &stable->mappings);
	if (static_branch_unlikely(&ksm_domain_used)) {
		recount(stable, 1, 0, max);
		return;
	}
	if (!first)
		ksm_stats.sharing++;
	else if (!stable->nr)
		ksm_stats.shared++;
	if (++stable->nr == max)
		chain_sort(stable, false);
}

/**
 * ksm_stable_unmap - remove a mapping from a node
 * @stable: node
 * @slot: slot of the mapping
 * @max: mappings that a folio may have
 *
 * Context: lock of the KSM folio held, or the folio gone.
 */
void ksm_stable_unmap(struct ksm_stable *stable, struct ksm_slot *slot,
		      unsigned int max)
{
	hlist_del(&slot->link);
	if (static_branch_unlikely(&ksm_domain_used)) {
		recount(stable, -1, 0, max);
		return;
	}
	if (!hlist_empty(&stable->mappings))
		ksm_stats.sharing--;
	else if (stable->nr == 1)
		ksm_stats.shared--;
	if (stable->nr-- == max)
		chain_sort(stable, true);
}

/**
 * ksm_stable_init - set up the caches of nodes
 *
 * Return: 0 or -ENOMEM.
 */
int __init ksm_stable_init(void)
{
	stable_cache = kmem_cache_create("ksm_stable", sizeof(struct ksm_stable),
					 KSM_STABLE_ALIGN, 0, NULL);
	more_cache = kmem_cache_create("ksm_stable_more", sizeof(struct ksm_stable_more),
				       0, 0, NULL);
	return stable_cache && more_cache ? 0 : -ENOMEM;
}
