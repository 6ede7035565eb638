/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Private types of KSM and the short interface of each room of mm/ksm/.
 *
 * Lock order, outermost first:
 *
 *   mf_mutex			memory failure: to replace a KSM folio that went bad
 *   writer_mutex (sysfs.c)	writers of knobs that set everything going anew
 *   ksm_mutex			tiles, slots, trees, cursor, counters and knobs
 *     ksm_mm::inside		who is in a process for KSM; only ever tried, but
 *				by the process's exit
 *       mmap_lock or VMA lock	ksmd only ever tries it; run=2 waits for mmap_lock
 *         folio lock		a KSM folio's lock guards the lists of its mappings
 *				and anchors; the second folio of a merge, and
 *				both of a memory failure, are only tried
 *           anon_vma lock	rmap walks
 *             page table lock
 *   ksm_mms_lock (registry.c)	registration list, a leaf
 *
 * madvise(), prctl(), fork, exec and exit never take ksm_mutex, and memory failure
 * gives up on it soon (lock.c).  An exit waits until
 * ksmd has left the process, a change of VMAs until ksmd has left the VMA.  Whatever
 * they change in the page tables, ksmd finds out at its next visit.
 *
 * Pure rooms (fingerprint.c, content.c, stable.c, unstable.c, domain.c, advisor.c)
 * take no lock and touch no page table: their callers hold ksm_mutex.
 */
#ifndef _MM_KSM_KSM_H
#define _MM_KSM_KSM_H

#include <linux/build_bug.h>
#include <linux/hashtable.h>
#include <linux/ksm.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/types.h>

#include "../mm_slot.h"
#include "state.h"
#include "tile.h"

struct ksm_anchor;
struct ksm_budget;
struct ksm_domain;
struct ksm_index;
struct ksm_stable;

/**
 * struct ksm_mm - a registered process
 * @slot: in the hash by mm and in the list of all registered processes
 * @dead: in the list of those that exited and wait for ksmd to free them
 * @tiles: what ksmd knows about its pages
 * @domain: whose pages its pages may be merged with
 * @bytes: memory that its tiles, slots and samples take
 * @inside: held by who is in the process for KSM, see ksm_mm_enter()
 * @addr: where its turn in the pass goes on
 * @turn: number of the pass in which it last had a turn
 * @misses: how often in that turn a VMA was locked by others
 * @skips: how often since a VMA of it could be locked
 * @mergeable: a mergeable VMA was seen in that turn
 * @done: that turn is over
 * @visited: the cursor was here, so only ksmd may free it
 * @exiting: its exit has begun
 *
 * @slot, @dead, @visited and @exiting are guarded by ksm_mms_lock, the rest by
 * ksm_mutex.
 */
struct ksm_mm {
	struct mm_slot slot;
	struct list_head dead;
	struct rb_root tiles;
	struct ksm_domain *domain;
	unsigned long bytes;
	struct mutex inside;	/* see ksm_mm_enter() */
	unsigned long addr;
	unsigned int turn;
	u8 misses;
	u8 skips;
	bool mergeable;
	bool done;
	bool visited;
	bool exiting;
};

/* folio->mapping and ksm_slot::word both keep flags below a node's address. */
#define KSM_STABLE_ALIGN	KSM_TILE_PAGES

/**
 * struct ksm_stable - one KSM folio and its mappings
 * @node: a head's place in the stable tree
 * @chain: of a head: further nodes of equal content, those with room first; of
 *	   another: its place there
 * @head: the node of this content that is in the tree, perhaps this one
 * @watch: in the list of nodes without a known mapping, or with anchors
 * @mappings: ksm_slot::link of each mapping, guarded by the folio lock
 * @anchors: ksm_anchor::link of each anchor, guarded by the folio lock
 * @index: the tree it is in
 * @key: fingerprint, KSM_KEY_MASK of it
 * @pfn: page frame, changed by migration under the folio lock; KSM_HOLLOW for a
 *	 head that lost its folio and only holds the others together
 * @pruned: of a head: jiffies when the last search for stale nodes began
 * @prune_next: of a head: where that search goes on, NULL once it is over
 * @nr: number of @mappings and @anchors
 * @live: of a head: nodes of this content that have a folio
 *
 * The node holds no reference to its folio: see ksm_stable_get().
 */
struct ksm_stable {
	struct rb_node node;
	struct list_head chain;
	struct list_head watch;
	struct hlist_head mappings;
	struct hlist_head anchors;
	struct ksm_stable *head;
	struct ksm_index *index;
	u64 key;
	unsigned long pfn;
	unsigned long pruned;
	struct ksm_stable *prune_next;
	unsigned int nr;
	unsigned int live;
} __aligned(KSM_STABLE_ALIGN);

#define KSM_HOLLOW		ULONG_MAX

/**
 * struct ksm_index - the pages that may meet: both trees of a domain and node
 * @stable: by key, nodes of different content may share one
 * @unstable: by key, equal keys hang side by side
 * @domain: owner
 * @nid: NUMA node, 0 while merge_across_nodes is on
 */
struct ksm_index {
	struct rb_root stable;
	struct rb_root unstable;
	struct ksm_domain *domain;
	int nid;
};

/* fingerprint.c */
enum ksm_hash {
	KSM_HASH_CRC32C,
	KSM_HASH_XXHASH,
};

/**
 * struct ksm_secret - what keeps others from preparing equal fingerprints
 * @mul: odd multipliers
 * @seed: where the lanes start, beside the multipliers
 */
struct ksm_secret {
	u64 mul[4];
	u64 seed;
};

bool ksm_hash_usable(enum ksm_hash hash);
enum ksm_hash ksm_hash_best(void);
u64 ksm_fingerprint(const void *addr, enum ksm_hash hash,
		    const struct ksm_secret *secret);
u64 ksm_fingerprint_page(struct page *page);
u32 ksm_sample_page(struct page *page, unsigned long addr);
bool ksm_fingerprint_is_zero(u64 fingerprint);
void ksm_fingerprint_select(enum ksm_hash hash);
void ksm_fingerprint_draw(void);
void ksm_fingerprint_init(void);
extern enum ksm_hash ksm_hash;
extern bool ksm_hash_auto;
extern bool ksm_secret_drawn;

/* content.c */
bool ksm_equal(const void *a, const void *b);
bool ksm_empty(const void *addr);
bool ksm_pages_equal(struct page *page, struct page *other);

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
int ksm_stable_init(void);

/* unstable.c */
struct ksm_slot *ksm_unstable_first(struct ksm_index *index, u64 key);
struct ksm_slot *ksm_unstable_next(struct ksm_slot *slot);
void ksm_unstable_insert(struct ksm_index *index, struct ksm_slot *slot, u64 key);
bool ksm_unstable_insert_only(struct ksm_index *index, struct ksm_slot *slot,
			      u64 key);
void ksm_unstable_erase(struct ksm_index *index, struct ksm_slot *slot);

/* domain.c */
struct ksm_domain *ksm_domain_of(struct mm_struct *mm);
struct ksm_index *ksm_domain_index(struct ksm_domain *domain, int nid);
struct ksm_index *ksm_next_index(struct ksm_index *index);
int ksm_page_nid(struct page *page);
int ksm_domain_init(void);

/* slot.c */
struct ksm_slot *ksm_slot_sparse(struct ksm_tile *tile, unsigned int i);
struct ksm_index *ksm_slot_index(struct ksm_slot *slot);
bool ksm_slot_matches(struct ksm_slot *slot);
bool ksm_slots_reserve(struct ksm_tile *tile, u64 pages);
void ksm_slots_trim(struct ksm_tile *tile);
int ksm_slot_init(void);

/* tile.c */
void *ksm_alloc_charged(struct ksm_mm *kmm, struct kmem_cache *cache, size_t size);
void ksm_free_charged(struct ksm_mm *kmm, struct kmem_cache *cache, size_t size,
		      void *object);
struct ksm_tile *ksm_tile_find(struct ksm_mm *kmm, unsigned long addr,
			       pgoff_t pgoff);
struct ksm_tile *ksm_tile_get(struct ksm_mm *kmm, unsigned long addr,
			      pgoff_t pgoff);
struct ksm_tile *ksm_tile_from(struct ksm_mm *kmm, unsigned long addr);

static inline struct ksm_tile *ksm_tile_next(struct ksm_tile *tile)
{
	return rb_entry_safe(rb_next(&tile->node), struct ksm_tile, node);
}

bool ksm_tile_sample_alloc(struct ksm_tile *tile);
void ksm_tile_track(struct ksm_tile *tile, u64 pages);
bool ksm_tile_settle(struct ksm_tile *tile, unsigned int i, u64 fingerprint);
void ksm_tile_index(struct ksm_tile *tile, unsigned int i,
		    struct ksm_index *index, u64 key);
bool ksm_tile_index_only(struct ksm_tile *tile, unsigned int i,
			 struct ksm_index *index, u64 key);
void ksm_tile_unsettle(struct ksm_tile *tile, u64 pages);
bool ksm_unsettle_equals(struct ksm_index *index, u64 key, unsigned int max);
void ksm_tile_map(struct ksm_tile *tile, unsigned int i,
		  struct ksm_stable *stable, struct anon_vma *anon_vma);
void ksm_slot_unmap(struct ksm_slot *slot);
bool ksm_tile_unmap(struct ksm_tile *tile, unsigned int i);
void ksm_tile_forget(struct ksm_tile *tile, u64 pages);
bool ksm_tile_trim(struct ksm_tile *tile);
u64 ksm_tile_mask(const struct ksm_tile *tile, unsigned long start,
		  unsigned long end);
unsigned long ksm_forget_range(struct ksm_mm *kmm, unsigned long start,
			       unsigned long end, struct ksm_tile *keep,
			       struct ksm_budget *budget);
bool ksm_range_tracked(struct ksm_mm *kmm, unsigned long start, unsigned long end);
void ksm_forget_others(struct ksm_tile *tile, unsigned long start, unsigned long end);
bool ksm_forget_mm(struct ksm_mm *kmm, struct ksm_budget *budget);
int ksm_tile_init(void);

/* keyhole.c */
enum ksm_lock {
	KSM_NOLOCK,
	KSM_LOCK,
	KSM_TRYLOCK,
};

/* The node of a KSM folio, NULL if it has none; stable under the folio lock. */
static inline struct ksm_stable *ksm_folio_stable(const struct folio *folio)
{
	unsigned long mapping = (unsigned long)READ_ONCE(folio->mapping);

	if ((mapping & PAGE_MAPPING_FLAGS) != PAGE_MAPPING_KSM)
		return NULL;
	return (struct ksm_stable *)(mapping & ~PAGE_MAPPING_FLAGS);
}

struct folio *ksm_stable_get(struct ksm_stable *stable, enum ksm_lock lock);
struct ksm_stable *ksm_stable_find(struct ksm_index *index, u64 key, struct page *page);
void ksm_stable_adopt(struct ksm_stable *stable, struct folio *folio, u64 key);
void ksm_stable_promote(struct ksm_stable *stable, struct ksm_index *index,
			struct page *page, u64 key);
bool ksm_stable_rehome(struct ksm_stable *stable, struct ksm_index *index,
		       struct folio *folio);
void ksm_stable_orphan(struct ksm_stable *stable);
void ksm_stable_bury(struct ksm_stable *stable);
bool ksm_stable_kill(struct ksm_stable *stable);
void ksm_stable_disown(struct ksm_stable *stable, struct folio *folio);
bool ksm_stable_prune(struct ksm_stable *head);
void ksm_disown_unmapped(void);
void ksm_stable_offline(unsigned long start_pfn, unsigned long end_pfn);

/* Mappings to forget at a time of a node whose folio is gone. */
#define KSM_KILL_SLOTS		256

/* rmap.c */
bool ksm_folio_mapped_at(struct folio *folio, struct vm_area_struct *vma,
			 unsigned long addr);

/* watch.c */
void ksm_watch(struct ksm_stable *stable);
bool ksm_watch_round(struct ksm_budget *budget);
struct ksm_stable *ksm_watched_first(void);
void ksm_watched_pass(struct ksm_stable *stable);
void ksm_watched_rewind(void);
bool ksm_watching(void);

/* anchor.c */
bool ksm_anchor_keep(struct ksm_slot *slot, struct folio *folio);
bool ksm_anchor_for(struct folio *folio, struct anon_vma *anon_vma,
		    struct ksm_anchor **anchor);
void ksm_anchor_add(struct ksm_stable *stable, struct ksm_anchor *anchor);
void ksm_anchor_drop(struct ksm_stable *stable, struct folio *folio);
void ksm_anchor_drop_all(struct ksm_stable *stable);
void ksm_anchor_move(struct ksm_stable *from, struct ksm_stable *to);
struct ksm_anchor *ksm_anchor_next(struct ksm_stable *stable,
				   struct ksm_anchor *anchor,
				   struct anon_vma **root, pgoff_t *pgoff);
int ksm_anchor_init(void);

/* eligible.c */
bool ksm_flags_compatible(vm_flags_t vm_flags);
bool ksm_vma_compatible(struct vm_area_struct *vma);
bool ksm_vma_mergeable(struct vm_area_struct *vma);

/**
 * ksm_folio_mergeable - tell whether a page is worth a look
 * @folio: its folio, looked up once for all
 * @page: page, mapped and its page table locked, or referenced
 *
 * Leaves out what a merge would refuse anyway.
 *
 * Return: true if it is anonymous, no KSM page yet, and not in special use.
 */
static inline bool ksm_folio_mergeable(struct folio *folio, struct page *page)
{
	unsigned long mapping = (unsigned long)READ_ONCE(folio->mapping);
	unsigned long flags = READ_ONCE(folio->flags);

	if ((mapping & PAGE_MAPPING_FLAGS) != PAGE_MAPPING_ANON)
		return false;
	/* MADV_FREE makes a folio one that is not backed by swap. */
	if ((flags & (BIT(PG_swapbacked) | __PG_HWPOISON)) != BIT(PG_swapbacked))
		return false;
	/* A page of a large folio is not to be read if another is bad: which, who knows. */
	if ((flags & BIT(PG_head)) &&
	    (PageHWPoison(page) || folio_test_has_hwpoisoned(folio)))
		return false;
	return !folio_is_zone_device(folio) && !folio_maybe_dma_pinned(folio);
}

static inline bool ksm_page_mergeable(struct page *page)
{
	return ksm_folio_mergeable(page_folio(page), page);
}

/* walk.c */

/**
 * struct ksm_item - one mapped page that ksmd works on
 * @vma: VMA, locked against changes
 * @tile: tile of the page
 * @nr: place in the tile
 * @sampled: its dirty bit does not tell whether it was written
 * @page: the page, one reference held
 * @pmdp: its PMD entry, if that is known
 */
struct ksm_item {
	struct vm_area_struct *vma;
	struct ksm_tile *tile;
	unsigned int nr;
	bool sampled;
	struct page *page;
	pmd_t *pmdp;
};

static inline unsigned long ksm_item_addr(const struct ksm_item *item)
{
	return ksm_tile_addr(item->tile, item->nr);
}

struct ksm_tile *ksm_vma_tile_at(struct vm_area_struct *vma, unsigned long addr,
				 struct ksm_tile **at);
struct ksm_tile *ksm_vma_tile(struct ksm_mm *kmm, struct vm_area_struct *vma,
			      unsigned long addr);
bool ksm_vma_fits(struct vm_area_struct *vma, struct ksm_tile *tile);
struct vm_area_struct *ksm_lock_vma(struct mm_struct *mm, unsigned long addr);
void ksm_unlock_vma(struct vm_area_struct *vma);
bool ksm_vma_contended(struct vm_area_struct *vma);
struct vm_area_struct *ksm_lock_next(struct mm_struct *mm, unsigned long *addr,
				     struct ksm_budget *budget);
unsigned long ksm_skip_vma(struct mm_struct *mm, unsigned long addr,
			   unsigned int order);
pmd_t *ksm_find_pmd(struct mm_struct *mm, unsigned long addr,
		    unsigned long *next);
struct page *ksm_item_get_page(struct ksm_item *item);

/* pte.c */
int ksm_pte_protect(const struct ksm_item *item, pte_t *protected);
void ksm_replace_pte(struct vm_area_struct *vma, unsigned long addr, pte_t *ptep,
		     struct page *page, struct page *kpage);
int ksm_pte_replace(const struct ksm_item *item, struct page *kpage, pte_t protected);

/* merge.c */
void ksm_merge_page(struct ksm_item *item, u64 fingerprint);
void ksm_merge_adopt(struct ksm_item *item);

/* thp.c */
bool ksm_split_pays(const struct ksm_item *item, u64 key);
int ksm_split_page(struct page *page);
void ksm_split_done(const struct ksm_item *item);

/* room.c */

/**
 * struct ksm_room - what is known about the room for copies
 * @copies: copies that there is room for
 * @made: copies that there was room for so far; ULONG_MAX if there may be any number
 */
struct ksm_room {
	unsigned int copies;
	unsigned long made;
};

int ksm_make_room(struct ksm_room *room, struct vm_area_struct *vma,
		  unsigned long addr);

/* unmerge.c */
int ksm_break_range(struct vm_area_struct *vma, unsigned long start,
		    unsigned long end);
int ksm_unmerge_all(void);
void ksm_forget_all(void);

/* schedule.c */
bool ksm_reread_due(struct ksm_tile *tile, bool sampled);
bool ksm_heat_due(struct ksm_tile *tile);

/* visit.c */

/**
 * struct ksm_budget - what a batch may still do
 * @reads: pages to read
 * @visits: pages to visit, read or not
 * @drain: set when a page was seen that waits in a per-CPU list
 */
struct ksm_budget {
	unsigned int reads;
	unsigned long visits;
	bool drain;
};

/*
 * Visits that ride along for each page that may be read: together they take as long as
 * one or two reads.  A batch of the defaults stays below what the KSM before took to
 * read 100 pages.
 */
#define KSM_VISITS_PER_READ	192

/* A sample takes as long as so many visits, where the page is not in the cache. */
#define KSM_VISITS_PER_SAMPLE	24

/* To forget a mapping of a KSM folio takes as long as so many visits. */
#define KSM_VISITS_PER_UNMAP	12

/* To clean a PTE takes as long as so many visits more, and a TLB flush as so many. */
#define KSM_VISITS_PER_CLEANING	4
#define KSM_VISITS_PER_FLUSH	256

/* What ksm_let_them_run() takes, so that a batch does not get long by it. */
#define KSM_VISITS_PER_PAUSE	512

static inline bool ksm_budget_left(const struct ksm_budget *budget)
{
	return budget->reads && budget->visits;
}

static inline void ksm_budget_spend(struct ksm_budget *budget, unsigned long visits)
{
	budget->visits -= min(budget->visits, visits);
}

extern bool ksm_dirty_bit;

/* Can pages of a VMA be written without the dirty bit of their PTEs being set? */
static inline bool ksm_vma_sampled(struct vm_area_struct *vma)
{
	return mm_has_live_notifiers(vma->vm_mm) || !ksm_dirty_bit;
}

void ksm_visit_init(void);
unsigned long ksm_visit_pmd(struct ksm_mm *kmm, struct vm_area_struct *vma,
			    unsigned long addr, struct ksm_budget *budget);

/* scan.c */
bool ksm_scan_batch(unsigned int pages_to_scan);
void ksm_scan_restart(void);

/* registry.c */
int ksm_mm_register(struct mm_struct *mm);
void ksm_mm_exit(struct mm_struct *mm);
bool ksm_mm_enter(struct ksm_mm *kmm);
void ksm_mm_leave(struct ksm_mm *kmm);
struct ksm_mm *ksm_mm_find(struct mm_struct *mm);

/* Its exit waits for who is inside: leave soon. */
static inline bool ksm_mm_exiting(const struct ksm_mm *kmm)
{
	return READ_ONCE(kmm->exiting);
}

/* Does somebody wait for ksmd who must not wait for the rest of the batch? */
static inline bool ksm_hurried(const struct ksm_mm *kmm)
{
	return ksm_mm_exiting(kmm) || ksm_wanted();
}

void ksm_mm_unregister_idle(struct ksm_mm *kmm);
struct ksm_mm *ksm_mms_current(void);
struct ksm_mm *ksm_mms_next(void);
void ksm_mms_rewind(void);
struct ksm_mm *ksm_mms_next_visited(struct ksm_mm *kmm);
bool ksm_mms_empty(void);
bool ksm_mms_news(void);
bool ksm_mms_dead(void);
bool ksm_reap_dead(void);
unsigned long ksm_mm_bytes(struct mm_struct *mm);
int ksm_registry_init(void);

/* sysfs.c */
#ifdef CONFIG_SYSFS
int ksm_sysfs_init(void);
#else
static inline int ksm_sysfs_init(void)
{
	return 0;
}
#endif

/* stats.c */
unsigned long ksm_metadata_bytes(void);
long ksm_general_profit(void);
unsigned long ksm_pages_volatile(void);
unsigned int ksm_stable_levels(void);
unsigned int ksm_unstable_levels(void);

#endif /* _MM_KSM_KSM_H */
