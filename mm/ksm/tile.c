// SPDX-License-Identifier: GPL-2.0
/*
 * Tiles: what ksmd remembers of the pages of a process.
 *
 * All of it is guarded by ksm_mutex.  Only the list of a KSM folio's mappings is
 * read by others, by rmap walks that hold the folio lock: so a mapping's slot,
 * and with it its block, tile and ksm_mm, lives until ksm_mapping_end().
 */
#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "index.h"
#include "registry.h"
#include "state.h"
#include "tile.h"

static struct kmem_cache *tile_cache;
static struct kmem_cache *hints_cache;

/* Does a tile come before that of these? */
static bool is_before(const struct ksm_tile *tile, unsigned long addr, pgoff_t pgoff)
{
	return tile->addr != addr ? tile->addr < addr : tile->pgoff < pgoff;
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

		if (tile->addr == addr && tile->pgoff == pgoff)
			return tile;
		node = is_before(tile, addr, pgoff) ? node->rb_right : node->rb_left;
	}
	return NULL;
}

static struct ksm_tile *tile_alloc(struct ksm_mm *kmm, unsigned long addr, pgoff_t pgoff)
{
	struct ksm_tile *tile;

	tile = ksm_charge_alloc(kmm, tile_cache, sizeof(*tile));
	if (!tile)
		return NULL;
	tile->owner = kmm;
	tile->addr = addr;
	tile->pgoff = pgoff;
	tile->reread = ksm_stats.full_scans;
	tile->first = KSM_NO_PAGE;
	return tile;
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
		parent = *link;
		tile = rb_entry(parent, struct ksm_tile, node);
		if (tile->addr == addr && tile->pgoff == pgoff)
			return tile;
		link = is_before(tile, addr, pgoff) ? &parent->rb_right : &parent->rb_left;
	}
	tile = tile_alloc(kmm, addr, pgoff);
	if (!tile)
		return NULL;
	rb_link_node(&tile->node, parent, link);
	rb_insert_color(&tile->node, &kmm->tiles);
	return tile;
}

/**
 * ksm_tile_get_at - find a tile, or make it, without a search
 * @kmm: process
 * @addr: its first address
 * @pgoff: linear page index of @addr
 * @at: the first tile that ends after @addr, or NULL; see ksm_tile_from()
 *
 * Context: ksm_mutex held, may sleep.
 * Return: the tile, or NULL if there is no memory for it.
 */
struct ksm_tile *ksm_tile_get_at(struct ksm_mm *kmm, unsigned long addr, pgoff_t pgoff,
				 struct ksm_tile *at)
{
	struct rb_node **link, *parent;
	struct ksm_tile *tile;

	while (at && is_before(at, addr, pgoff))
		at = ksm_tile_next(at);
	if (at && at->addr == addr && at->pgoff == pgoff)
		return at;

	tile = tile_alloc(kmm, addr, pgoff);
	if (!tile)
		return NULL;
	if (at && !at->node.rb_left) {
		parent = &at->node;
		link = &parent->rb_left;
	} else {
		/* The last of @at's left half comes right before it, and has no right half. */
		parent = at ? rb_prev(&at->node) : rb_last(&kmm->tiles);
		link = parent ? &parent->rb_right : &kmm->tiles.rb_node;
	}
	rb_link_node(&tile->node, parent, link);
	rb_insert_color(&tile->node, &kmm->tiles);
	return tile;
}

/**
 * ksm_tile_first - find the first tile of a process
 * @kmm: process
 *
 * Return: the tile, or NULL; go on with ksm_tile_next().
 */
struct ksm_tile *ksm_tile_first(struct ksm_mm *kmm)
{
	return rb_entry_safe(rb_first(&kmm->tiles), struct ksm_tile, node);
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
 * ksm_tile_next_deferred - find the first tile from an address on that is deferred
 * @kmm: process
 * @addr: address
 * @paying: only one of which a page is merged
 * @visits: how many tiles may be looked at; less those that were
 *
 * Context: ksm_mutex held.
 * Return: the tile, or the first that was not looked at; NULL if there is none.
 */
struct ksm_tile *ksm_tile_next_deferred(struct ksm_mm *kmm, unsigned long addr,
					bool paying, unsigned long *visits)
{
	struct ksm_tile *tile = ksm_tile_from(kmm, addr);

	while (tile && *visits && !(tile->deferred && (!paying || ksm_tile_merged(tile)))) {
		tile = ksm_tile_next(tile);
		--*visits;
	}
	return tile;
}

/**
 * ksm_tile_hints_alloc - make sure that a tile can keep hints
 * @tile: tile
 *
 * Context: ksm_mutex held, may sleep.
 * Return: false if there is no memory for them.
 */
bool ksm_tile_hints_alloc(struct ksm_tile *tile)
{
	if (!tile->hints)
		tile->hints = ksm_charge_alloc(tile->owner, hints_cache,
					       sizeof(*tile->hints));
	return tile->hints;
}

/**
 * ksm_tile_hints_free - free the hints of a tile
 * @tile: tile, perhaps without any
 */
void ksm_tile_hints_free(struct ksm_tile *tile)
{
	if (tile->hints)
		ksm_charge_free(tile->owner, hints_cache, sizeof(*tile->hints),
				tile->hints);
	tile->hints = NULL;
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
 * ksm_tile_untrack - stop to keep track of pages
 * @tile: tile
 * @pages: their places, one bit each; they are tracked, and nothing else is known of them
 */
void ksm_tile_untrack(struct ksm_tile *tile, u64 pages)
{
	unsigned int nr = hweight64(pages);

	tile->present &= ~pages;
	tile->owner->slot.mm->ksm_rmap_items -= nr;
	ksm_stats.tracked -= nr;
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
 * ksm_tile_unsettle_equals - have pages of a fingerprint looked up again
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
bool ksm_tile_unsettle_equals(struct ksm_index *index, u64 key, unsigned int max)
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
 * ksm_tile_free - free a tile
 * @tile: tile that keeps track of nothing, and has no block
 */
void ksm_tile_free(struct ksm_tile *tile)
{
	struct ksm_mm *kmm = tile->owner;

	ksm_tile_hints_free(tile);
	rb_erase(&tile->node, &kmm->tiles);
	ksm_charge_free(kmm, tile_cache, sizeof(*tile), tile);
}

/**
 * ksm_tile_any - tell whether pages of an address range are kept track of
 * @kmm: process
 * @start: first address
 * @end: end of the range
 *
 * Return: true if there is anything to forget.
 */
bool ksm_tile_any(struct ksm_mm *kmm, unsigned long start, unsigned long end)
{
	struct ksm_tile *tile;

	for (tile = ksm_tile_from(kmm, start); tile && tile->addr < end;
	     tile = ksm_tile_next(tile))
		if (!tile->present || (tile->present & ksm_tile_mask(tile, start, end)))
			return true;
	return false;
}

/**
 * ksm_tile_init - set up the caches of tiles and hints
 *
 * Return: 0 or -ENOMEM.
 */
int __init ksm_tile_init(void)
{
	BUILD_BUG_ON(KSM_TILE_PAGES != 1 << KSM_NID_SHIFT);

	/* The low bits of its address are used. */
	tile_cache = kmem_cache_create("ksm_tile", sizeof(struct ksm_tile),
				       __alignof__(struct ksm_tile), 0, NULL);
	hints_cache = kmem_cache_create("ksm_hints", sizeof(struct ksm_hints), 0, 0,
					NULL);
	return tile_cache && hints_cache ? 0 : -ENOMEM;
}
