// SPDX-License-Identifier: GPL-2.0
/*
 * Slots: where a page's is, which page is a slot's, and who has the same fingerprint.
 */
#include <linux/overflow.h>

#include "index.h"
#include "registry.h"
#include "tile.h"

/* Slots of a block of each shape. */
const u8 ksm_slot_shapes[KSM_SHAPES] = { 0, 2, 4, 16, KSM_TILE_PAGES - 1 };

/**
 * ksm_slot_block_bytes - tell how much memory a block takes
 * @shape: shape
 *
 * Return: bytes.
 */
unsigned long ksm_slot_block_bytes(enum ksm_shape shape)
{
	unsigned int slots = ksm_slot_shapes[shape];

	if (shape == KSM_NO_BLOCK)
		return 0;
	return struct_size_t(struct ksm_block, slot, slots) +
	       (shape == KSM_BLOCK_63 ? 0 : slots);
}

/**
 * ksm_slot_shape_for - choose a block
 * @pages: pages that are to have a slot
 *
 * Return: shape of the smallest block that will do.
 */
enum ksm_shape ksm_slot_shape_for(unsigned int pages)
{
	enum ksm_shape shape = KSM_NO_BLOCK;

	while (1 + ksm_slot_shapes[shape] < pages)
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
	pages = ksm_slot_block_pages(tile->block);
	for (n = 0; n < ksm_slot_shapes[tile->shape]; n++)
		if (pages[n] == i)
			return &tile->block->slot[n];
	return NULL;
}

/**
 * ksm_slot_row - tell how many slots follow one another as their pages do
 * @tile: tile
 * @i: place of a page that has a slot
 *
 * A slot is found faster from the one before it than from its tile.
 *
 * Return: for how many pages from @i on, at least 1.
 */
unsigned int ksm_slot_row(struct ksm_tile *tile, unsigned int i)
{
	unsigned int place, n = 1;
	u8 *pages;

	/* The one in the tile stands alone. */
	if (tile->shape == KSM_BLOCK_63)
		return i ? KSM_TILE_PAGES - i : 1;
	place = ksm_slot_place(ksm_slot_sparse(tile, i));
	if (!place)
		return 1;
	pages = ksm_slot_block_pages(tile->block);
	while (place < ksm_slot_shapes[tile->shape] && pages[place] == i + n) {
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
	return ksm_slot_block_pages(block)[place - 1];
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
