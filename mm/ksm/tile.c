// SPDX-License-Identifier: GPL-2.0
/*
 * Tiles: what ksmd remembers of the pages of a process.
 *
 * All of it is guarded by ksm_mutex.  Only the list of a KSM folio's mappings is
 * read by others, by rmap walks that hold the folio lock: so a mapping's slot,
 * and with it its block, tile and ksm_mm, lives until ksm_tile_unmap().
 */
#include <linux/bitops.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/rmap.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include <trace/events/ksm.h>

#include "ksm.h"

static struct kmem_cache *tile_cache;

static struct kmem_cache *sample_cache;

#define SAMPLE_BYTES	(KSM_TILE_PAGES * sizeof(u32))

static void count_bytes(struct ksm_mm *kmm, long bytes)
{
	kmm->bytes += bytes;
	atomic_long_add(bytes, &ksm_stats.bytes);
}

/**
 * ksm_alloc_charged - allocate memory for what is remembered of a process
 * @kmm: process
 * @cache: cache
 * @size: bytes of an object
 *
 * It is charged to the process's memory cgroup.  A full group is not made to reclaim
 * for it: then these pages are left out, and counted.
 *
 * Context: ksm_mutex held, may sleep.
 * Return: an object full of zeroes, or NULL.
 */
void *ksm_alloc_charged(struct ksm_mm *kmm, struct kmem_cache *cache, size_t size)
{
	struct mem_cgroup *memcg = get_mem_cgroup_from_mm(kmm->slot.mm);
	struct mem_cgroup *before = set_active_memcg(memcg);
	void *object = kmem_cache_zalloc(cache, GFP_KERNEL | __GFP_NORETRY |
					 __GFP_NOWARN);

	if (object && !kmem_cache_charge(object, GFP_NOWAIT | __GFP_NOWARN)) {
		kmem_cache_free(cache, object);
		object = NULL;
	}
	set_active_memcg(before);
	mem_cgroup_put(memcg);
	if (object)
		count_bytes(kmm, size);
	else
		ksm_stats.unslotted++;
	return object;
}

/**
 * ksm_free_charged - free what ksm_alloc_charged() gave
 * @kmm: process
 * @cache: cache
 * @size: bytes of an object
 * @object: object
 */
void ksm_free_charged(struct ksm_mm *kmm, struct kmem_cache *cache, size_t size,
		      void *object)
{
	count_bytes(kmm, -(long)size);
	kmem_cache_free(cache, object);
}

static int tile_cmp(const struct ksm_tile *tile, unsigned long addr, pgoff_t pgoff)
{
	if (tile->addr != addr)
		return addr < tile->addr ? -1 : 1;
	if (tile->pgoff != pgoff)
		return pgoff < tile->pgoff ? -1 : 1;
	return 0;
}

/**
 * ksm_tile_find - find a tile
 * @kmm: process
 * @addr: its first address
 * @pgoff: linear page index of @addr
 *
 * Return: the tile, or NULL.
 */
struct ksm_tile *ksm_tile_find(struct ksm_mm *kmm, unsigned long addr, pgoff_t pgoff)
{
	struct rb_node *node = kmm->tiles.rb_node;

	while (node) {
		struct ksm_tile *tile = rb_entry(node, struct ksm_tile, node);
		int cmp = tile_cmp(tile, addr, pgoff);

		if (!cmp)
			return tile;
		node = cmp < 0 ? node->rb_left : node->rb_right;
	}
	return NULL;
}

/**
 * ksm_tile_get - find a tile, or make it
 * @kmm: process
 * @addr: its first address
 * @pgoff: linear page index of @addr
 *
 * Context: ksm_mutex held, may sleep.
 * Return: the tile, or NULL if there is no memory for it.
 */
struct ksm_tile *ksm_tile_get(struct ksm_mm *kmm, unsigned long addr, pgoff_t pgoff)
{
	struct rb_node **link = &kmm->tiles.rb_node;
	struct rb_node *parent = NULL;
	struct ksm_tile *tile;

	while (*link) {
		int cmp;

		parent = *link;
		tile = rb_entry(parent, struct ksm_tile, node);
		cmp = tile_cmp(tile, addr, pgoff);
		if (!cmp)
			return tile;
		link = cmp < 0 ? &parent->rb_left : &parent->rb_right;
	}

	tile = ksm_alloc_charged(kmm, tile_cache, sizeof(*tile));
	if (!tile)
		return NULL;
	tile->owner = kmm;
	tile->addr = addr;
	tile->pgoff = pgoff;
	tile->reread = ksm_stats.full_scans;
	tile->first = KSM_NO_PAGE;
	rb_link_node(&tile->node, parent, link);
	rb_insert_color(&tile->node, &kmm->tiles);
	return tile;
}

/**
 * ksm_tile_from - find the first tile that ends after an address
 * @kmm: process
 * @addr: address
 *
 * Return: the tile, or NULL; go on with ksm_tile_next().
 */
struct ksm_tile *ksm_tile_from(struct ksm_mm *kmm, unsigned long addr)
{
	struct rb_node *node = kmm->tiles.rb_node;
	struct ksm_tile *found = NULL;

	addr = ALIGN_DOWN(addr, KSM_TILE_SIZE);
	while (node) {
		struct ksm_tile *tile = rb_entry(node, struct ksm_tile, node);

		if (tile->addr < addr) {
			node = node->rb_right;
		} else {
			found = tile;
			node = node->rb_left;
		}
	}
	return found;
}

/**
 * ksm_tile_sample_alloc - make sure that a tile can keep samples
 * @tile: tile
 *
 * Context: ksm_mutex held, may sleep.
 * Return: false if there is no memory for them.
 */
bool ksm_tile_sample_alloc(struct ksm_tile *tile)
{
	if (!tile->sample)
		tile->sample = ksm_alloc_charged(tile->owner, sample_cache, SAMPLE_BYTES);
	return tile->sample;
}

/**
 * ksm_tile_track - start to keep track of pages
 * @tile: tile
 * @pages: their places, one bit each
 */
void ksm_tile_track(struct ksm_tile *tile, u64 pages)
{
	unsigned int nr = hweight64(pages & ~tile->present);

	tile->present |= pages;
	tile->owner->slot.mm->ksm_rmap_items += nr;
	ksm_stats.tracked += nr;
}

/**
 * ksm_tile_settle - keep the fingerprint of a page
 * @tile: tile
 * @i: place of the page, which is tracked and in no tree
 * @fingerprint: fingerprint
 *
 * Context: ksm_mutex held, no folio lock, may sleep.
 * Return: false if there is no memory for it.
 */
bool ksm_tile_settle(struct ksm_tile *tile, unsigned int i, u64 fingerprint)
{
	if (!ksm_slots_reserve(tile, BIT_ULL(i)))
		return false;
	ksm_slot_set_key(ksm_slot(tile, i), fingerprint, 0);
	ksm_tile_set(tile, BIT_ULL(i), KSM_SETTLED);
	return true;
}

/**
 * ksm_tile_index - put a page in the unstable tree
 * @tile: tile
 * @i: place of the page, which is settled
 * @index: where
 * @key: fingerprint
 */
void ksm_tile_index(struct ksm_tile *tile, unsigned int i,
		    struct ksm_index *index, u64 key)
{
	ksm_unstable_insert(index, ksm_slot(tile, i), key);
	ksm_tile_set(tile, BIT_ULL(i), KSM_UNSTABLE);
}

/**
 * ksm_tile_index_only - put a page in the unstable tree if it is the only one
 * @tile: tile
 * @i: place of the page, which is settled
 * @index: where
 * @key: fingerprint
 *
 * Return: false if another page of that fingerprint is there.
 */
bool ksm_tile_index_only(struct ksm_tile *tile, unsigned int i,
			 struct ksm_index *index, u64 key)
{
	if (!ksm_unstable_insert_only(index, ksm_slot(tile, i), key))
		return false;
	ksm_tile_set(tile, BIT_ULL(i), KSM_UNSTABLE);
	return true;
}

/**
 * ksm_tile_unsettle - forget the fingerprints of pages that have changed
 * @tile: tile
 * @pages: their places, one bit each
 */
void ksm_tile_unsettle(struct ksm_tile *tile, u64 pages)
{
	u64 erase = ksm_tile_unstable(tile) & pages;

	/* Those that are merged are left alone. */
	pages &= ksm_tile_keyed(tile);
	if (!pages)
		return;
	for (; erase; erase &= erase - 1) {
		struct ksm_slot *slot = ksm_slot(tile, __ffs64(erase));

		ksm_unstable_erase(ksm_slot_index(slot), slot);
	}
	ksm_tile_set(tile, pages, KSM_SEEN);
}

/**
 * ksm_unsettle_equals - have pages of a fingerprint looked up again
 * @index: the index of which a page with it was merged
 * @key: fingerprint, KSM_KEY_MASK of it
 * @max: how many pages at the most
 *
 * The others in the unstable tree may be equal to it, or be the same folio as mapped by
 * a fork.  At their next visit they find the KSM folio.
 *
 * Context: ksm_mutex held.
 * Return: false if there are more.
 */
bool ksm_unsettle_equals(struct ksm_index *index, u64 key, unsigned int max)
{
	struct ksm_slot *slot;

	while ((slot = ksm_unstable_first(index, key))) {
		if (!max--)
			return false;
		ksm_tile_unsettle(ksm_slot_tile(slot), BIT_ULL(ksm_slot_nr(slot)));
		cond_resched();
	}
	return true;
}

/**
 * ksm_tile_map - note that a page maps a KSM folio
 * @tile: tile
 * @i: place of the page, which is tracked and has a slot
 * @stable: node of the KSM folio
 * @anon_vma: anon_vma of the page's VMA
 *
 * Context: ksm_mutex and the lock of the KSM folio held.
 */
void ksm_tile_map(struct ksm_tile *tile, unsigned int i,
		  struct ksm_stable *stable, struct anon_vma *anon_vma)
{
	struct ksm_slot *slot = ksm_slot(tile, i);

	if (ksm_tile_unstable(tile) & BIT_ULL(i))
		ksm_unstable_erase(ksm_slot_index(slot), slot);
	get_anon_vma(anon_vma);
	slot->anon_vma = anon_vma;
	ksm_stable_map(stable, slot, ksm_knobs.max_page_sharing);
	ksm_tile_set(tile, BIT_ULL(i), KSM_MERGED);
	tile->owner->slot.mm->ksm_merging_pages++;
}

/* Inlined, as it is a good part of what the exit of a process costs. */
static __always_inline void unmap(struct ksm_tile *tile, unsigned int i,
				  struct ksm_slot *slot, struct ksm_stable *stable)
{
	struct mm_struct *mm = tile->owner->slot.mm;

	trace_ksm_remove_rmap_item(stable->pfn, slot, mm);
	ksm_stable_unmap(stable, slot, ksm_knobs.max_page_sharing);
	put_anon_vma(slot->anon_vma);
	mm->ksm_merging_pages--;
	ksm_tile_set(tile, BIT_ULL(i), KSM_SEEN);
}

/**
 * ksm_slot_unmap - take a mapping off its node
 * @slot: slot of the mapping
 *
 * Context: ksm_mutex and the lock of the KSM folio held, or the folio gone.
 */
void ksm_slot_unmap(struct ksm_slot *slot)
{
	unmap(ksm_slot_tile(slot), ksm_slot_nr(slot), slot, ksm_slot_stable(slot));
}

/**
 * ksm_tile_unmap - note that a page does not map its KSM folio any more
 * @tile: tile
 * @i: place of the page, a mapping
 *
 * Context: ksm_mutex held, may sleep for the folio lock.
 * Return: false if there is no memory for what has to be kept: try again later.
 */
bool ksm_tile_unmap(struct ksm_tile *tile, unsigned int i)
{
	struct ksm_slot *slot = ksm_slot(tile, i);
	struct ksm_stable *stable = ksm_slot_stable(slot);
	struct folio *folio = ksm_stable_get(stable, KSM_LOCK);
	bool kept = !folio || ksm_anchor_keep(slot, folio);

	if (kept)
		unmap(tile, i, slot, stable);
	if (folio) {
		folio_unlock(folio);
		folio_put(folio);
	}
	if (!stable->nr) {
		if (folio)
			ksm_stable_orphan(stable);
		else
			ksm_stable_bury(stable);
	}
	return kept;
}

/**
 * ksm_tile_forget - stop keeping track of pages
 * @tile: tile
 * @pages: their places, one bit each
 *
 * For want of memory, a mapping of a KSM folio may have to stay.
 *
 * Context: ksm_mutex held, may sleep for the lock of a KSM folio.
 */
void ksm_tile_forget(struct ksm_tile *tile, u64 pages)
{
	unsigned int nr;

	u64 merged;

	pages &= tile->present;
	if (!pages)
		return;
	ksm_tile_unsettle(tile, pages);
	for (merged = ksm_tile_merged(tile) & pages; merged; merged &= merged - 1)
		if (!ksm_tile_unmap(tile, __ffs64(merged)))
			pages &= ~BIT_ULL(__ffs64(merged));

	nr = hweight64(pages);
	tile->present &= ~pages;
	tile->owner->slot.mm->ksm_rmap_items -= nr;
	ksm_stats.tracked -= nr;
}

/**
 * ksm_tile_trim - give back slots, or a tile that keeps track of nothing
 * @tile: tile
 *
 * Context: ksm_mutex held, no folio lock, may sleep.
 * Return: true if it was freed.
 */
bool ksm_tile_trim(struct ksm_tile *tile)
{
	struct ksm_mm *kmm = tile->owner;

	ksm_slots_trim(tile);
	if (tile->present)
		return false;
	if (tile->sample)
		ksm_free_charged(kmm, sample_cache, SAMPLE_BYTES, tile->sample);
	rb_erase(&tile->node, &kmm->tiles);
	ksm_free_charged(kmm, tile_cache, sizeof(*tile), tile);
	return true;
}

/**
 * ksm_tile_mask - tell which pages of a tile lie in a range
 * @tile: tile
 * @start: first address
 * @end: end of the range; it overlaps the tile
 *
 * Return: their places, one bit each.
 */
u64 ksm_tile_mask(const struct ksm_tile *tile, unsigned long start,
		  unsigned long end)
{
	unsigned int first = 0, last = KSM_TILE_PAGES - 1;

	if (start > tile->addr)
		first = (start - tile->addr) >> PAGE_SHIFT;
	if (end - tile->addr < KSM_TILE_SIZE)
		last = ((end - tile->addr) >> PAGE_SHIFT) - 1;
	return GENMASK_ULL(last, first);
}

/* What it takes to forget these pages of a tile, in visits. */
static unsigned long cost_of(const struct ksm_tile *tile, u64 pages)
{
	return 1 + hweight64(ksm_tile_unstable(tile) & pages) +
	       KSM_VISITS_PER_UNMAP * hweight64(ksm_tile_merged(tile) & pages);
}

/**
 * ksm_forget_range - stop keeping track of an address range
 * @kmm: process
 * @start: first address
 * @end: end of the range
 * @keep: a tile that is to be left alone, or NULL
 * @budget: what may be done, less what is done; or NULL for a range within a tile
 *
 * Context: ksm_mutex held, may sleep for the lock of a KSM folio.
 * Return: @end, or how far it has come with the budget, or when somebody waited.
 */
unsigned long ksm_forget_range(struct ksm_mm *kmm, unsigned long start,
			       unsigned long end, struct ksm_tile *keep,
			       struct ksm_budget *budget)
{
	struct ksm_tile *tile, *next;

	for (tile = ksm_tile_from(kmm, start); tile && tile->addr < end; tile = next) {
		u64 pages = ksm_tile_mask(tile, start, end);

		next = ksm_tile_next(tile);
		if (tile == keep)
			continue;
		if (budget && (!ksm_budget_left(budget) || ksm_hurried(kmm)))
			return max(start, tile->addr);
		/* The first and the last may have none of theirs in the range. */
		if (tile->present && !(tile->present & pages)) {
			if (budget)
				ksm_budget_spend(budget, 1);
			continue;
		}
		if (budget)
			ksm_budget_spend(budget, cost_of(tile, pages));
		ksm_tile_forget(tile, pages);
		ksm_tile_trim(tile);
		cond_resched();
	}
	return end;
}

/**
 * ksm_range_tracked - tell whether pages of an address range are kept track of
 * @kmm: process
 * @start: first address
 * @end: end of the range
 *
 * Return: true if there is anything to forget.
 */
bool ksm_range_tracked(struct ksm_mm *kmm, unsigned long start, unsigned long end)
{
	struct ksm_tile *tile;

	for (tile = ksm_tile_from(kmm, start); tile && tile->addr < end;
	     tile = ksm_tile_next(tile))
		if (!tile->present || (tile->present & ksm_tile_mask(tile, start, end)))
			return true;
	return false;
}

/**
 * ksm_forget_others - stop keeping track of what else was at the addresses of a tile
 * @tile: tile, which is left alone
 * @start: first address, in @tile
 * @end: end of the range, in @tile
 *
 * Another VMA may have been there, at other indexes.
 *
 * Context: ksm_mutex held, may sleep for the lock of a KSM folio.
 */
void ksm_forget_others(struct ksm_tile *tile, unsigned long start, unsigned long end)
{
	struct ksm_tile *next = ksm_tile_next(tile), *prev;

	prev = rb_entry_safe(rb_prev(&tile->node), struct ksm_tile, node);
	if ((next && next->addr == tile->addr) || (prev && prev->addr == tile->addr))
		ksm_forget_range(tile->owner, start, end, tile, NULL);
}

/**
 * ksm_forget_mm - stop keeping track of a process
 * @kmm: process
 * @budget: what may be done, less what is done; NULL for all
 *
 * Context: ksm_mutex held, may sleep for the lock of a KSM folio.
 * Return: true if nothing is left; false if the budget is used up, or if there is no
 *	   memory for what has to be kept.
 */
bool ksm_forget_mm(struct ksm_mm *kmm, struct ksm_budget *budget)
{
	struct rb_node *node;

	while ((node = rb_first(&kmm->tiles))) {
		struct ksm_tile *tile = rb_entry(node, struct ksm_tile, node);

		if (budget) {
			if (!ksm_budget_left(budget))
				return false;
			ksm_budget_spend(budget, cost_of(tile, ~0ULL));
		}
		ksm_tile_forget(tile, ~0ULL);
		if (!ksm_tile_trim(tile))
			return false;
		cond_resched();
	}
	return true;
}

/**
 * ksm_tile_init - set up the caches of tiles and samples
 *
 * Return: 0 or -ENOMEM.
 */
int __init ksm_tile_init(void)
{
	/* The low bits of its address are used. */
	tile_cache = kmem_cache_create("ksm_tile", sizeof(struct ksm_tile),
				       __alignof__(struct ksm_tile), 0, NULL);
	sample_cache = kmem_cache_create("ksm_sample", SAMPLE_BYTES, 0, 0, NULL);
	return tile_cache && sample_cache ? 0 : -ENOMEM;
}
