// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks: further slots of a tile, in blocks that grow and shrink with their number.
 *
 * A tile moves its slots when it gets another block.  Trees and lists have the slots
 * themselves in them, so each is put in the place of the old one there; a mapping under
 * the lock of its folio, since rmap walks may come by.
 */
#include <linux/bitops.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include "node.h"

static struct kmem_cache *block_cache[KSM_SHAPES];

/* Have a page use a place that is free. */
static void take_place(struct ksm_tile *tile, struct ksm_block *block,
		       unsigned int place, unsigned int i)
{
	struct ksm_slot *slot = place ? &block->slot[place - 1] : &tile->slot;

	slot->word = place;
	if (!place)
		tile->first = i;
	else if ((block->word & KSM_SHAPE_MASK) != KSM_BLOCK_63)
		ksm_slot_block_pages(block)[place - 1] = i;
}

/* What is in the tree, or in the list, is the new slot from now on. */
static void move_slot(struct ksm_tile *tile, unsigned int i, struct ksm_slot *from,
		      struct ksm_slot *to)
{
	u64 word = (from->word & ~KSM_SLOT_MASK) | ksm_slot_place(to);
	u64 bit = BIT_ULL(i);
	struct folio *folio;

	if (ksm_tile_merged(tile) & bit) {
		folio = ksm_node_get(ksm_slot_stable(from), KSM_LOCK);
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
			ksm_unstable_replace(ksm_slot_index(from), from, to);
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
		new = ksm_charge_alloc(tile->owner, block_cache[shape],
				       ksm_slot_block_bytes(shape));
		if (!new)
			return false;
		new->word = (unsigned long)tile | shape;
		if (shape != KSM_BLOCK_63)
			memset(ksm_slot_block_pages(new), KSM_NO_PAGE, ksm_slot_shapes[shape]);
		for (i = 0; i < ksm_slot_shapes[shape]; i++)
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
		ksm_charge_free(tile->owner, block_cache[old_shape],
				ksm_slot_block_bytes(old_shape), old);
	return true;
}

/* A place that no page of these uses; there is one. */
static unsigned int free_place(struct ksm_tile *tile, u64 pages)
{
	unsigned int place = 0;
	u8 page = tile->first;

	while (page != KSM_NO_PAGE && (pages & BIT_ULL(page)))
		page = ksm_slot_block_pages(tile->block)[place++];
	return place;
}

/**
 * ksm_block_grow - make sure that pages of a tile that has not a slot for each have theirs
 * @tile: tile
 * @pages: their places, one bit each
 *
 * See ksm_block_reserve().
 *
 * Return: false if there is no memory for them.
 */
bool ksm_block_grow(struct ksm_tile *tile, u64 pages)
{
	u64 all = ksm_tile_used(tile) | pages;
	enum ksm_shape shape = ksm_slot_shape_for(hweight64(all));

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
 * ksm_block_trim - give back slots that no page needs
 * @tile: tile
 *
 * Context: ksm_mutex held, no folio lock, may sleep.
 */
void ksm_block_trim(struct ksm_tile *tile)
{
	enum ksm_shape shape;

	if (tile->shape == KSM_NO_BLOCK)
		return;
	shape = ksm_slot_shape_for(hweight64(ksm_tile_used(tile)));
	/* If there is no memory for a smaller one, the old will do. */
	if (shape < tile->shape)
		change_shape(tile, shape);
}

/**
 * ksm_block_init - set up the caches of blocks
 *
 * Return: 0 or -ENOMEM.
 */
int __init ksm_block_init(void)
{
	static const char * const names[KSM_SHAPES] = {
		[KSM_BLOCK_2] = "ksm_block_2",
		[KSM_BLOCK_4] = "ksm_block_4",
		[KSM_BLOCK_16] = "ksm_block_16",
		[KSM_BLOCK_63] = "ksm_block_63",
	};
	enum ksm_shape shape;

	for (shape = KSM_BLOCK_2; shape < KSM_SHAPES; shape++) {
		block_cache[shape] = kmem_cache_create(names[shape],
						       ksm_slot_block_bytes(shape),
						       0, 0, NULL);
		if (!block_cache[shape])
			return -ENOMEM;
	}
	return 0;
}
