/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What pages are found by: stable nodes and slots, in forests by fingerprint.
 */
#ifndef _MM_KSM_INDEX_H
#define _MM_KSM_INDEX_H

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
 * @node: a head's place in the stable tree
 * @key: fingerprint, KSM_KEY_MASK of it
 * @chain: of a head: further nodes of equal content, those with room first; of
 *	   another: its place there
 * @head: the node of this content that is in the tree, perhaps this one
 * @watch: in one of the lists of watch.c
 * @mappings: ksm_slot::link of each mapping, guarded by the folio lock
 * @anchors: ksm_anchor::link of each anchor, guarded by the folio lock
 * @index: where it is
 * @pfn: page frame, changed by migration under the folio lock; KSM_HOLLOW for a
 *	 head that lost its folio and only holds the others together
 * @pruned: of a head: jiffies when the last search for stale nodes began
 * @watched: it has no known mapping, or has anchors: to be looked at
 * @uniform: it came by uniform faults, see uniform.c; changed under ksm_mutex and, while
 *	     there is a folio, its lock
 * @held: it maps the folio, too, see hold.c; guarded by the folio lock
 * @prune_next: of a head: where that search goes on, NULL once it is over
 * @nr: number of @mappings and @anchors
 * @live: of a head: nodes of this content that have a folio
 *
 * The node holds no reference to its folio: see ksm_node_get().
 */
struct ksm_stable {
	struct rb_node node;
	u64 key;
	struct list_head chain;
	struct list_head watch;
	struct hlist_head mappings;
	struct hlist_head anchors;
	struct ksm_stable *head;
	struct ksm_index *index;
	unsigned long pfn;
	u32 pruned;
	bool watched;
	bool uniform;
	bool held;
	struct ksm_stable *prune_next;
	unsigned int nr;
	unsigned int live;
} __aligned(KSM_STABLE_ALIGN);

KSM_FOREST_ENTRY(struct ksm_stable, node, key);
KSM_FOREST_ENTRY(struct ksm_slot, node, word);

#define KSM_HOLLOW		ULONG_MAX

/**
 * struct ksm_index - the pages that may meet: both forests of a domain and node
 * @stable: by key, nodes of different content may share one
 * @unstable: by key, equal keys hang side by side
 * @domain: owner
 * @nid: NUMA node, 0 while merge_across_nodes is on
 */
struct ksm_index {
	struct ksm_forest stable;
	struct ksm_forest unstable;
	struct ksm_domain *domain;
	int nid;
};

/* stable.c */
struct ksm_stable *ksm_stable_alloc(void);
void ksm_stable_free(struct ksm_stable *stable);
struct ksm_stable *ksm_stable_first(struct ksm_index *index, u64 key);
struct ksm_stable *ksm_stable_next(struct ksm_stable *head);
struct ksm_stable *ksm_stable_pick(struct ksm_stable *head, unsigned int max);
void ksm_stable_insert(struct ksm_index *index, struct ksm_stable *stable);
void ksm_stable_chain(struct ksm_stable *head, struct ksm_stable *stable);
void ksm_stable_erase(struct ksm_stable *stable);
void ksm_stable_count(struct ksm_stable *stable, unsigned int max);
void ksm_stable_uncount(struct ksm_stable *stable, unsigned int max);
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
int ksm_domain_nid(struct page *page);
int ksm_domain_init(void);

/* index.c */

/* The contents of an index, by their heads, in order. */
static inline struct ksm_stable *ksm_index_first_content(struct ksm_index *index)
{
	return rb_entry_safe(ksm_forest_first(&index->stable), struct ksm_stable, node);
}

static inline struct ksm_stable *ksm_index_next_content(struct ksm_stable *head)
{
	return rb_entry_safe(ksm_forest_next(&head->index->stable, &head->node),
			     struct ksm_stable, node);
}

/* The unstable pages of an index, in order. */
static inline struct ksm_slot *ksm_index_first_unstable(struct ksm_index *index)
{
	return rb_entry_safe(ksm_forest_first(&index->unstable), struct ksm_slot, node);
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
