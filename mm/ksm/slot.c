// SPDX-License-Identifier: GPL-2.0
/*
 * Slots: where a page's is, and blocks that grow and shrink with their number.
 *
 * A tile moves its slots when it gets another block.  Trees and lists have the slots
 * themselves in them, so each is put in the place of the old one there; a mapping under
 * the lock of its folio, since rmap walks may come by.
 */
#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include "ksm.h"

static const u8 shape_slots[KSM_SHAPES] = { 0, 2, 4, 16, KSM_TILE_PAGES - 1 };
static struct kmem_cache *block_cache[KSM_SHAPES];

/* For each slot of a block, its page; not if there is a slot for each page. */
static u8 *block_pages(struct ksm_block *block)
{
	return (u8 *)&block->slot[shape_slots[block->word & KSM_SHAPE_MASK]];
}

/**
 * ksm_block_bytes - tell how much memory a block takes
 * @shape: shape
 *
 * Return: bytes.
 */
unsigned long ksm_block_bytes(enum ksm_shape shape)
{
	unsigned int slots = shape_slots[shape];

	if (shape == KSM_NO_BLOCK)
		return 0;
	return struct_size_t(struct ksm_block, slot, slots) +
	       (shape == KSM_BLOCK_63 ? 0 : slots);
}

/**
 * ksm_shape_for - choose a block
 * @pages: pages that are to have a slot
 *
 * Return: shape of the smallest block that will do.
 */
enum ksm_shape ksm_shape_for(unsigned int pages)
{
	enum ksm_shape shape = KSM_NO_BLOCK;

	while (1 + shape_slots[shape] < pages)
		shape++;
	return shape;
}

/**
 * ksm_slot_sparse - find the slot of a page in a tile that has not one for each page
 * @tile: tile
 * @i: place of the page
 *
 * Return: its slot, or NULL.
 */
struct ksm_slot *ksm_slot_sparse(struct ksm_tile *tile, unsigned int i)
{
	unsigned int n;
	u8 *pages;

	if (tile->first == i)
		return &tile->slot;
	if (!tile->block)
		return NULL;
	pages = block_pages(tile->block);
	for (n = 0; n < shape_slots[tile->shape]; n++)
		if (pages[n] == i)
			return &tile->block->slot[n];
	return NULL;
}

/**
 * ksm_slots_in_row - tell how many slots follow one another as their pages do
 * @tile: tile
 * @i: place of a page that has a slot
 *
 * A slot is found faster from the one before it than from its tile.
 *
 * Return: for how many pages from @i on, at least 1.
 */
unsigned int ksm_slots_in_row(struct ksm_tile *tile, unsigned int i)
{
	unsigned int place, n = 1;
	u8 *pages;

	/* The one in the tile stands alone. */
	if (tile->shape == KSM_BLOCK_63)
		return i ? KSM_TILE_PAGES - i : 1;
	place = ksm_slot_place(ksm_slot_sparse(tile, i));
	if (!place)
		return 1;
	pages = block_pages(tile->block);
	while (place < shape_slots[tile->shape] && pages[place] == i + n) {
		place++;
		n++;
	}
	return n;
}

/**
 * ksm_slot_nr - tell which page of its tile a slot belongs to
 * @slot: slot
 *
 * Return: place of the page in the tile.
 */
unsigned int ksm_slot_nr(struct ksm_slot *slot)
{
	unsigned int place = ksm_slot_place(slot);
	struct ksm_block *block;

	if (!place)
		return ksm_slot_tile(slot)->first;
	block = ksm_slot_block(slot);
	if ((block->word & KSM_SHAPE_MASK) == KSM_BLOCK_63)
		return place;
	return block_pages(block)[place - 1];
}

/**
 * ksm_slot_index - find the index that an unstable page is in
 * @slot: its slot
 *
 * Return: the index.
 */
struct ksm_index *ksm_slot_index(struct ksm_slot *slot)
{
	return ksm_domain_index(ksm_slot_tile(slot)->owner->domain,
				ksm_slot_nid(slot));
}

/**
 * ksm_slot_matches - tell whether another page has the fingerprint of this one
 * @slot: slot in an unstable tree
 *
 * Return: true if a KSM page or another page of the unstable tree has it.
 */
bool ksm_slot_matches(struct ksm_slot *slot)
{
	struct ksm_index *index = ksm_slot_index(slot);
	u64 key = ksm_slot_key(slot);

	return ksm_unstable_first(index, key) != slot ||
	       ksm_unstable_next(slot) || ksm_stable_first(index, key);
}

/* Have a page use a place that is free. */
static void take_place(struct ksm_tile *tile, struct ksm_block *block,
		       unsigned int place, unsigned int i)
{
	struct ksm_slot *slot = place ? &block->slot[place - 1] : &tile->slot;

	slot->word = place;
	if (!place)
		tile->first = i;
	else if ((block->word & KSM_SHAPE_MASK) != KSM_BLOCK_63)
		block_pages(block)[place - 1] = i;
}

/* What is in the tree, or in the list, is the new slot from now on. */
static void move_slot(struct ksm_tile *tile, unsigned int i, struct ksm_slot *from,
		      struct ksm_slot *to)
{
	u64 word = (from->word & ~KSM_SLOT_MASK) | ksm_slot_place(to);
	u64 bit = BIT_ULL(i);
	struct folio *folio;

	if (ksm_tile_merged(tile) & bit) {
		folio = ksm_stable_get(ksm_slot_stable(from), KSM_LOCK);
		to->word = word;
		to->anon_vma = from->anon_vma;
		hlist_add_before(&to->link, &from->link);
		hlist_del(&from->link);
		if (folio) {
			folio_unlock(folio);
			folio_put(folio);
		}
	} else {
		to->word = word;
		if (ksm_tile_unstable(tile) & bit)
			rb_replace_node(&from->node, &to->node,
					&ksm_slot_index(from)->unstable);
	}
}

/* The page whose slot is to be that of the tile. */
static unsigned int choose_first(struct ksm_tile *tile, enum ksm_shape shape)
{
	u64 used = ksm_tile_used(tile);

	if (shape == KSM_BLOCK_63)
		return 0;
	if (tile->first != KSM_NO_PAGE && (used & BIT_ULL(tile->first)))
		return tile->first;
	return used ? __ffs64(used) : KSM_NO_PAGE;
}

/* Move all slots that are in use to a new block.  It is large enough. */
static bool change_shape(struct ksm_tile *tile, enum ksm_shape shape)
{
	struct ksm_block *old = tile->block, *new = NULL;
	unsigned int first = choose_first(tile, shape), place = 0, i;
	u64 used = ksm_tile_used(tile), left = used;
	enum ksm_shape old_shape = tile->shape;

	if (shape != KSM_NO_BLOCK) {
		new = ksm_alloc_charged(tile->owner, block_cache[shape],
					ksm_block_bytes(shape));
		if (!new)
			return false;
		new->word = (unsigned long)tile | shape;
		if (shape != KSM_BLOCK_63)
			memset(block_pages(new), KSM_NO_PAGE, shape_slots[shape]);
		for (i = 0; i < shape_slots[shape]; i++)
			new->slot[i].word = i + 1;
	}
	/* What is in the tile goes first, if it is to go. */
	for (; left; left &= left - 1) {
		i = __ffs64(left);
		if (i == first)
			continue;
		place = shape == KSM_BLOCK_63 ? i : place + 1;
		take_place(tile, new, place, i);
		move_slot(tile, i, ksm_slot(tile, i), &new->slot[place - 1]);
	}
	if (first != tile->first && first != KSM_NO_PAGE && (used & BIT_ULL(first))) {
		struct ksm_slot *from = ksm_slot(tile, first);

		take_place(tile, NULL, 0, first);
		move_slot(tile, first, from, &tile->slot);
	}
	tile->first = first;
	tile->block = new;
	tile->shape = shape;
	if (old)
		ksm_free_charged(tile->owner, block_cache[old_shape],
				 ksm_block_bytes(old_shape), old);
	return true;
}

/* A place that no page of these uses; there is one. */
static unsigned int free_place(struct ksm_tile *tile, u64 pages)
{
	unsigned int place = 0;
	u8 page = tile->first;

	while (page != KSM_NO_PAGE && (pages & BIT_ULL(page)))
		page = block_pages(tile->block)[place++];
	return place;
}

/**
 * ksm_slots_reserve - make sure that pages have slots
 * @tile: tile
 * @pages: their places, one bit each
 *
 * Slots may move: the caller holds no pointer to one of this tile.
 *
 * Context: ksm_mutex held, no folio lock, may sleep.
 * Return: false if there is no memory for them.
 */
bool ksm_slots_reserve(struct ksm_tile *tile, u64 pages)
{
	u64 all = ksm_tile_used(tile) | pages;
	enum ksm_shape shape;

	if (tile->shape == KSM_BLOCK_63)
		return true;
	shape = ksm_shape_for(hweight64(all));
	if (shape > tile->shape && !change_shape(tile, shape))
		return false;
	if (tile->shape == KSM_BLOCK_63)
		return true;
	for (; pages; pages &= pages - 1) {
		unsigned int i = __ffs64(pages);

		if (!ksm_slot_sparse(tile, i))
			take_place(tile, tile->block, free_place(tile, all), i);
	}
	return true;
}

/**
 * ksm_slots_trim - give back slots that no page needs
 * @tile: tile
 *
 * Context: ksm_mutex held, no folio lock, may sleep.
 */
void ksm_slots_trim(struct ksm_tile *tile)
{
	enum ksm_shape shape;

	if (tile->shape == KSM_NO_BLOCK)
		return;
	shape = ksm_shape_for(hweight64(ksm_tile_used(tile)));
	/* If there is no memory for a smaller one, the old will do. */
	if (shape < tile->shape)
		change_shape(tile, shape);
}

/**
 * ksm_slot_init - set up the caches of blocks
 *
 * Return: 0 or -ENOMEM.
 */
int __init ksm_slot_init(void)
{
	static const char * const names[KSM_SHAPES] = {
		[KSM_BLOCK_2] = "ksm_block_2",
		[KSM_BLOCK_4] = "ksm_block_4",
		[KSM_BLOCK_16] = "ksm_block_16",
		[KSM_BLOCK_63] = "ksm_block_63",
	};
	enum ksm_shape shape;

	BUILD_BUG_ON(KSM_TILE_PAGES != 1 << KSM_NID_SHIFT);

	for (shape = KSM_BLOCK_2; shape < KSM_SHAPES; shape++) {
		block_cache[shape] = kmem_cache_create(names[shape],
						       ksm_block_bytes(shape),
						       0, 0, NULL);
		if (!block_cache[shape])
			return -ENOMEM;
	}
	return 0;
}
