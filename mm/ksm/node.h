/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stable nodes, their folios, and the mappings of these.
 */
#ifndef _MM_KSM_NODE_H
#define _MM_KSM_NODE_H

#include <linux/mm.h>
#include <linux/pagemap.h>

#include "budget.h"
#include "index.h"
#include "registry.h"

struct anon_vma;
struct ksm_anchor;

/* block.c */
bool ksm_block_grow(struct ksm_tile *tile, u64 pages);

/**
 * ksm_block_reserve - make sure that pages have slots
 * @tile: tile
 * @pages: their places, one bit each
 *
 * Slots may move: the caller holds no pointer to one of this tile.
 *
 * Context: ksm_mutex held, no folio lock, may sleep.
 * Return: false if there is no memory for them.
 */
static inline bool ksm_block_reserve(struct ksm_tile *tile, u64 pages)
{
	return tile->shape == KSM_BLOCK_63 || ksm_block_grow(tile, pages);
}

void ksm_block_trim(struct ksm_tile *tile);
int ksm_block_init(void);

/* node.c */
enum ksm_node_lock {
	KSM_NOLOCK,
	KSM_LOCK,
	KSM_TRYLOCK,
};

/* The node of a KSM folio, NULL if it has none; stable under the folio lock. */
static inline struct ksm_stable *ksm_node_of(const struct folio *folio)
{
	unsigned long mapping = (unsigned long)READ_ONCE(folio->mapping);

	if ((mapping & PAGE_MAPPING_FLAGS) != PAGE_MAPPING_KSM)
		return NULL;
	return (struct ksm_stable *)(mapping & ~PAGE_MAPPING_FLAGS);
}

struct folio *ksm_node_get(struct ksm_stable *stable, enum ksm_node_lock lock);
void ksm_node_adopt(struct ksm_stable *stable, struct folio *folio, u64 key);
void ksm_node_forsake(struct folio *folio);

/* watch.c */
bool ksm_watch_grow(gfp_t gfp);
void ksm_watch_add(struct ksm_stable *stable);
void ksm_watch_end(struct ksm_stable *stable);
struct ksm_stable *ksm_watch_first(void);
void ksm_watch_pass(struct ksm_stable *stable);
bool ksm_watch_rewind(void);
bool ksm_watch_any(void);
bool ksm_watch_lost(void);
bool ksm_watch_finds(const struct ksm_stable *stable);

/* hold.c */
static inline bool ksm_hold_held(const struct ksm_stable *stable)
{
	return READ_ONCE(stable->word) & KSM_STABLE_HELD;
}

/* Does a process map a KSM folio, which is locked? */
static inline bool ksm_hold_mapped(const struct ksm_stable *stable, struct folio *folio)
{
	return folio_mapcount(folio) > ksm_hold_held(stable);
}

void ksm_hold_follow(struct ksm_stable *stable, struct folio *folio);

/**
 * ksm_hold_settle - have a node map its folio if a process does, or else not
 * @stable: node
 * @folio: its folio, locked; a reference is held
 */
static inline void ksm_hold_settle(struct ksm_stable *stable, struct folio *folio)
{
	if (static_branch_unlikely(&ksm_domain_uniform_used))
		ksm_hold_follow(stable, folio);
}

void ksm_hold_switch(struct ksm_stable *stable, struct folio *folio, bool uniform);
void ksm_hold_move(struct ksm_stable *from, struct ksm_stable *to);
void ksm_hold_end(struct ksm_stable *stable, struct folio *folio);
bool ksm_hold_give_up(struct ksm_stable *stable, struct folio *folio);

/**
 * ksm_hold_over - give up a folio that came by uniform faults and that no process maps
 * @stable: its node
 * @folio: folio, locked; a reference is held
 *
 * Context: ksm_mutex held.
 * Return: true if so: it is without a node now, and @stable without a folio.
 */
static inline bool ksm_hold_over(struct ksm_stable *stable, struct folio *folio)
{
	return static_branch_unlikely(&ksm_domain_uniform_used) && ksm_hold_held(stable) &&
	       ksm_hold_give_up(stable, folio);
}

void ksm_hold_set_shrinker(int id);

/* memcg_stat.c */
#ifdef CONFIG_MEMCG
void ksm_memcg_stat_update(void);
#else
static inline void ksm_memcg_stat_update(void)
{
}
#endif

/* anchor.c */
bool ksm_anchor_keep(struct ksm_slot *slot, struct folio *folio);
bool ksm_anchor_for(struct ksm_stable *stable, struct folio *folio,
		    struct anon_vma *anon_vma, struct ksm_anchor **anchor);
void ksm_anchor_add(struct ksm_stable *stable, struct ksm_anchor *anchor);
void ksm_anchor_drop(struct ksm_stable *stable, struct folio *folio);
void ksm_anchor_drop_all(struct ksm_stable *stable);
void ksm_anchor_move(struct ksm_stable *from, struct ksm_stable *to);
struct ksm_anchor *ksm_anchor_next(struct ksm_stable *stable,
				   struct ksm_anchor *anchor,
				   struct anon_vma **root, pgoff_t *pgoff);
int ksm_anchor_init(void);

/* mapping.c */

/* Mappings that ksm_mapping_kill() ends at a time. */
#define KSM_KILL_SLOTS		256

void ksm_mapping_add(struct ksm_tile *tile, unsigned int i,
		     struct ksm_stable *stable, struct anon_vma *anon_vma);
bool ksm_mapping_end(struct ksm_tile *tile, unsigned int i);
void ksm_mapping_switch(struct ksm_tile *tile, unsigned int i, struct ksm_stable *to);
void ksm_mapping_bury(struct ksm_stable *stable);
bool ksm_mapping_kill(struct ksm_stable *stable);
void ksm_mapping_disown(struct ksm_stable *stable, struct folio *folio);
void ksm_mapping_move_all(struct ksm_stable *from, struct ksm_stable *to);

/* forget.c */
void ksm_forget_pages(struct ksm_tile *tile, u64 pages);
bool ksm_forget_trim(struct ksm_tile *tile);
unsigned long ksm_forget_range(struct ksm_mm *kmm, unsigned long start,
			       unsigned long end, struct ksm_tile *keep,
			       struct ksm_budget *budget);
void ksm_forget_others(struct ksm_tile *tile, unsigned long start, unsigned long end);
bool ksm_forget_mm(struct ksm_mm *kmm, struct ksm_budget *budget);

/* chain.c */

/**
 * struct ksm_lookup - a search for a KSM folio that a page may be merged with
 * @index: where
 * @key: fingerprint of the page, KSM_KEY_MASK of it
 * @stable: what was found
 * @folio: its folio, locked, with a reference
 * @head: content that is tried
 * @ties: contents of that fingerprint that may still be tried
 * @rounds: how often it may still start over
 * @busy: somebody else holds one, or the search took too long: later
 * @begun: @head has been tried
 * @pruned: a chain has been searched for nodes that are stale
 */
struct ksm_lookup {
	struct ksm_index *index;
	u64 key;
	struct ksm_stable *stable;
	struct folio *folio;
	struct ksm_stable *head;
	int ties;
	int rounds;
	bool busy;
	bool begun;
	bool pruned;
};

/* Entries to take out of a tree in one look-up. */
#define KSM_MAX_REMOVALS	64

/* Contents, or pages, of one fingerprint to try in one look-up. */
#define KSM_MAX_TIES		8

/* Begin a search, with the first content that ksm_stable_first() has found. */
static inline struct ksm_lookup ksm_chain_lookup_begin(struct ksm_index *index, u64 key,
						       struct ksm_stable *first)
{
	return (struct ksm_lookup){
		.index = index,
		.key = key,
		.head = first,
		.ties = KSM_MAX_TIES,
		.rounds = KSM_MAX_REMOVALS - 1,
	};
}

bool ksm_chain_lookup(struct ksm_lookup *lookup);
void ksm_chain_add(struct ksm_stable *stable, struct ksm_index *index,
		   struct page *page, u64 key);
void ksm_chain_announce(struct ksm_stable *stable);
bool ksm_chain_rehome(struct ksm_stable *stable, struct folio *folio,
		      struct ksm_domain *domain);
struct ksm_stable *ksm_chain_sound(struct ksm_stable *bad);
void ksm_chain_disown_unmapped(void);
void ksm_chain_offline(unsigned long start_pfn, unsigned long end_pfn);

#endif /* _MM_KSM_NODE_H */
