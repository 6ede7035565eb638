/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What pages are found by: stable nodes and slots, in forests by fingerprint.
 */
#ifndef _MM_KSM_INDEX_H
#define _MM_KSM_INDEX_H

#include <linux/bits.h>
#include <linux/jump_label.h>
#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/types.h>

#include "forest.h"
#include "tile.h"

struct folio;
struct ksm_domain;
struct ksm_index;
struct page;

/* folio->mapping and ksm_slot::word both keep flags below a node's address. */
#define KSM_STABLE_ALIGN	KSM_TILE_PAGES

/**
 * struct ksm_stable - one KSM folio and its mappings
 * @node: of a head: its place in the stable tree
 * @chain: of another: its place in ksm_stable_more::chain of its head
 * @head: of another: the node of this content that is in the tree
 * @word: fingerprint, KSM_KEY_MASK of it, and the flags below it; guarded by the folio lock,
 *	  the fingerprint does not change once it is in a tree
 * @mappings: ksm_slot::link of each mapping, guarded by the folio lock
 * @place: the index that it is in, or its ksm_stable_more, and the flags below that
 * @pfn: page frame, changed by migration under the folio lock; KSM_HOLLOW for a
 *	 head that lost its folio and only holds the others together
 * @nr: number of mappings and anchors
 * @watch: where it is among those that are looked at, see watch.c; 0: it is not
 *
 * The node holds no reference to its folio: see ksm_node_get().
 */
struct ksm_stable {
	union {
		struct rb_node node;
		struct {
			struct list_head chain;
			struct ksm_stable *head;
		};
	};
	u64 word;
	struct hlist_head mappings;
	unsigned long place;
	unsigned long pfn;
	unsigned int nr;
	unsigned int watch;
} __aligned(KSM_STABLE_ALIGN);

/* In ksm_stable::word: it came by uniform faults, see uniform.c; changed under ksm_mutex, too. */
#define KSM_STABLE_UNIFORM	BIT_ULL(0)
/* In ksm_stable::word: it maps the folio, too, see hold.c. */
#define KSM_STABLE_HELD		BIT_ULL(1)
/* In ksm_stable::place: there is a ksm_stable_more. */
#define KSM_STABLE_MORE		1UL
/* In ksm_stable::place: it is not the head of its content. */
#define KSM_STABLE_OTHER	2UL

/**
 * struct ksm_stable_more - what few nodes need: heads of chains, and those with anchors
 * @index: where the node is
 * @anchors: ksm_anchor::link of each anchor, guarded by the folio lock
 * @chain: of a head: further nodes of equal content, those with room first
 * @others: of a head: how many these are
 * @nr_anchors: how many @anchors there are
 * @pruned: of a head: jiffies when the last search for stale nodes began
 * @prune_next: of a head: where that search goes on, NULL once it is over
 * @search_next: of a head: where ksm_reap_held() goes on, NULL at the beginning
 *
 * It stays for as long as the node does, as rmap walks look at @anchors.
 */
struct ksm_stable_more {
	struct ksm_index *index;
	struct hlist_head anchors;
	struct list_head chain;
	unsigned int others;
	unsigned int nr_anchors;
	u32 pruned;
	struct ksm_stable *prune_next;
	struct ksm_stable *search_next;
};

/* There is one for each KSM folio: see that it stays small. */
static_assert(sizeof(struct ksm_stable) == KSM_STABLE_ALIGN);
KSM_FOREST_ENTRY(struct ksm_stable, node, word);
KSM_FOREST_ENTRY(struct ksm_slot, node, word);

#define KSM_HOLLOW		ULONG_MAX

/**
 * struct ksm_index - the pages that may meet: both forests of a domain and node
 * @stable: by key, nodes of different content may share one
 * @unstable: by key, equal keys hang side by side
 * @domain: owner
 * @uniform: nodes that came by uniform faults
 * @searched: key at which ksm_reap_held() goes on
 * @nid: NUMA node, 0 while merge_across_nodes is on
 */
struct ksm_index {
	struct ksm_forest stable;
	struct ksm_forest unstable;
	struct ksm_domain *domain;
	unsigned long uniform;
	u64 searched;
	int nid;
} __aligned(8);

static_assert(__alignof__(struct ksm_index) > (KSM_STABLE_MORE | KSM_STABLE_OTHER));

/* stable.c */
static inline u64 ksm_stable_key(const struct ksm_stable *stable)
{
	return READ_ONCE(stable->word) & KSM_KEY_MASK;
}

/* Is it a head that lost its folio? */
static inline bool ksm_stable_hollow(const struct ksm_stable *stable)
{
	return READ_ONCE(stable->pfn) == KSM_HOLLOW;
}

static inline bool ksm_stable_uniform(const struct ksm_stable *stable)
{
	return READ_ONCE(stable->word) & KSM_STABLE_UNIFORM;
}

/* What few nodes have, or NULL. */
static inline struct ksm_stable_more *ksm_stable_more(const struct ksm_stable *stable)
{
	unsigned long place = READ_ONCE(stable->place);

	if (!(place & KSM_STABLE_MORE))
		return NULL;
	return (void *)(place & ~(KSM_STABLE_MORE | KSM_STABLE_OTHER));
}

/* Where a node is that is in a tree. */
static inline struct ksm_index *ksm_stable_index(const struct ksm_stable *stable)
{
	struct ksm_stable_more *more = ksm_stable_more(stable);

	return more ? more->index : (void *)(stable->place & ~KSM_STABLE_OTHER);
}

/* The node of the same content that is in the tree, perhaps this one. */
static inline struct ksm_stable *ksm_stable_head(struct ksm_stable *stable)
{
	return stable->place & KSM_STABLE_OTHER ? stable->head : stable;
}

static inline bool ksm_stable_anchored(const struct ksm_stable *stable)
{
	const struct ksm_stable_more *more = ksm_stable_more(stable);

	return more && !hlist_empty(&more->anchors);
}

struct ksm_stable *ksm_stable_alloc(void);
bool ksm_stable_extend(struct ksm_stable *stable);
void ksm_stable_free(struct ksm_stable *stable);
struct ksm_stable *ksm_stable_first(struct ksm_index *index, u64 key);
struct ksm_stable *ksm_stable_next(struct ksm_stable *head);
struct ksm_stable *ksm_stable_pick(struct ksm_stable *head, unsigned int max);
void ksm_stable_insert(struct ksm_index *index, struct ksm_stable *stable);
bool ksm_stable_chain(struct ksm_stable *head, struct ksm_stable *stable);
struct ksm_stable *ksm_stable_next_other(const struct ksm_stable *stable);
unsigned int ksm_stable_live(const struct ksm_stable *head);
void ksm_stable_erase(struct ksm_stable *stable);
void ksm_stable_count_anchor(struct ksm_stable *stable, int by, unsigned int max);
void ksm_stable_map(struct ksm_stable *stable, struct ksm_slot *slot,
		    unsigned int max);
void ksm_stable_unmap(struct ksm_stable *stable, struct ksm_slot *slot,
		      unsigned int max);
void ksm_stable_set_uniform(struct ksm_stable *stable, bool uniform);
int ksm_stable_init(void);

/* unstable.c */
struct ksm_slot *ksm_unstable_first(struct ksm_index *index, u64 key);
struct ksm_slot *ksm_unstable_next(struct ksm_slot *slot);
void ksm_unstable_insert(struct ksm_index *index, struct ksm_slot *slot, u64 key);
bool ksm_unstable_insert_only(struct ksm_index *index, struct ksm_slot *slot,
			      u64 key);
void ksm_unstable_erase(struct ksm_index *index, struct ksm_slot *slot);
void ksm_unstable_replace(struct ksm_index *index, struct ksm_slot *from,
			  struct ksm_slot *to);

/* frame.c */
struct folio *ksm_frame_get(int nid);
void ksm_frame_retire(struct folio *folio);
void ksm_frame_drain(void);

/* domain.c */

/* Some processes are, or were, in a domain that is not the global one, or uniform. */
DECLARE_STATIC_KEY_FALSE(ksm_domain_used);
/* Some domain has, or had, uniform faults; then the other is true, too. */
DECLARE_STATIC_KEY_FALSE(ksm_domain_uniform_used);

/**
 * struct ksm_domain_key - what keeps a process apart from others; all 0: nothing
 * @group: number of the memory cgroup that has a domain
 * @own: number of the domain that a process has asked for, or got, for itself
 * @user: number of the user, from 1 on
 *
 * Numbers are not used again, but those of users.
 */
struct ksm_domain_key {
	u64 group;
	u64 own;
	u64 user;
};

struct ksm_domain *ksm_domain_global(void);
struct ksm_domain *ksm_domain_get(const struct ksm_domain_key *key);
void ksm_domain_put(struct ksm_domain *domain);
bool ksm_domain_has(const struct ksm_domain *domain, const struct ksm_domain_key *key);
bool ksm_domain_is_uniform(const struct ksm_domain *domain);

/**
 * ksm_domain_uniform - tell whether a domain has uniform faults
 * @domain: domain
 *
 * Context: ksm_mutex held.
 * Return: true if so.
 */
static inline bool ksm_domain_uniform(const struct ksm_domain *domain)
{
	return static_branch_unlikely(&ksm_domain_uniform_used) && ksm_domain_is_uniform(domain);
}

void ksm_domain_set_uniform(struct ksm_domain *domain, bool uniform);
void ksm_domain_reap(void);
struct ksm_domain *ksm_domain_next(struct ksm_domain *domain);
void ksm_domain_count(struct ksm_domain *domain, long shared, long sharing);
bool ksm_domain_take_counts(struct ksm_domain *domain, u64 *group, long *shared,
			    long *sharing);
struct ksm_index *ksm_domain_index(struct ksm_domain *domain, int nid);
struct ksm_index *ksm_domain_next_index(struct ksm_index *index);
struct ksm_index *ksm_domain_turn(void);
void ksm_domain_end_turn(void);
int ksm_domain_nid(struct page *page);
int ksm_domain_init(void);

/* index.c */

/* The contents of an index, by their heads, in order; those below a key left out. */
static inline struct ksm_stable *
ksm_index_first_content(struct ksm_index *index, u64 key)
{
	return rb_entry_safe(ksm_forest_first(&index->stable, key), struct ksm_stable, node);
}

static inline struct ksm_stable *ksm_index_next_content(struct ksm_stable *head)
{
	return rb_entry_safe(ksm_forest_next(&ksm_stable_index(head)->stable, &head->node),
			     struct ksm_stable, node);
}

/* The unstable pages of an index, in order. */
static inline struct ksm_slot *ksm_index_first_unstable(struct ksm_index *index)
{
	return rb_entry_safe(ksm_forest_first(&index->unstable, 0), struct ksm_slot, node);
}

static inline struct ksm_slot *
ksm_index_next_unstable(struct ksm_index *index, struct ksm_slot *slot)
{
	return rb_entry_safe(ksm_forest_next(&index->unstable, &slot->node),
			     struct ksm_slot, node);
}

/**
 * struct ksm_stable_iter - a walk of all nodes that have a folio
 * @index: where it is
 * @head: content that it is at
 * @next_head: the one after that in the index
 * @next: node of @head's content that comes next
 */
struct ksm_stable_iter {
	struct ksm_index *index;
	struct ksm_stable *head;
	struct ksm_stable *next_head;
	struct ksm_stable *next;
};

struct ksm_stable *ksm_stable_iter_next(struct ksm_stable_iter *iter);

unsigned int ksm_index_stable_levels(void);
unsigned int ksm_index_unstable_levels(void);

#endif /* _MM_KSM_INDEX_H */
