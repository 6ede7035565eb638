/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tiles and slots: what ksmd remembers of the pages of a process.
 *
 *   ksm_mm --tiles--> ksm_tile --block--> ksm_block
 *                     [slot of 1 page]    [slots of further pages]
 *                          |                   |
 *                  unstable: a node of ksm_index::unstable
 *                  merged:   in ksm_stable::mappings ---> folio
 *
 * A tile has a slot in it, which will do for a page that is alone.  Where more pages
 * settle it gets a block, of a size that goes with their number: up to one slot for
 * each page, which then are found by their place.
 */
#ifndef _MM_KSM_TILE_H
#define _MM_KSM_TILE_H

#include <linux/container_of.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/nodemask.h>
#include <linux/rbtree.h>
#include <linux/types.h>

struct anon_vma;
struct ksm_index;
struct ksm_mm;
struct ksm_stable;
struct ksm_tile;

/* Pages of one tile: two machine words hold the states of all of them. */
#define KSM_TILE_PAGES		64
#define KSM_TILE_SIZE		(KSM_TILE_PAGES * PAGE_SIZE)

/*
 * The low bits of ksm_slot::word: the slot's place, 0 in the tile, from 1 on in the block;
 * then, for an unstable page, the NUMA node whose tree it is in.
 */
#define KSM_SLOT_MASK		((u64)KSM_TILE_PAGES - 1)
#define KSM_NID_SHIFT		6
#define KSM_NID_MASK		((u64)(MAX_NUMNODES - 1) << KSM_NID_SHIFT)
#define KSM_KEY_MASK		(~(KSM_NID_MASK | KSM_SLOT_MASK))
/* The smallest difference between two keys. */
#define KSM_KEY_UNIT		(~KSM_KEY_MASK + 1)

/**
 * struct ksm_slot - what is known of one settled page
 * @node: the page's place in an unstable tree
 * @link: the mapping's place in ksm_stable::mappings
 * @anon_vma: where the rmap walk finds the mapping and its forks; referenced
 * @word: low bits: the slot's place; above them the page's key and node, or
 *	  the address of its stable node
 *
 * Which of the two a slot is, the words of its tile tell.
 */
struct ksm_slot {
	union {
		struct rb_node node;
		struct {
			struct hlist_node link;
			struct anon_vma *anon_vma;
		};
	};
	u64 word;
};

/* Sizes of a block: how many slots it has, the tile's own left aside. */
enum ksm_shape {
	KSM_NO_BLOCK,
	KSM_BLOCK_2,
	KSM_BLOCK_4,
	KSM_BLOCK_16,
	KSM_BLOCK_63,	/* with that of the tile, one for each page, in order */
	KSM_SHAPES
};

#define KSM_SHAPE_MASK		7UL

/**
 * struct ksm_block - slots of a tile
 * @word: address of the tile, and the shape
 * @slot: slots; behind them, unless there is one for each page, for each a byte that
 *	  tells its page
 *
 * An rmap walk goes from a slot to its page by what is in the block: the tile may be
 * about to get another.
 */
struct ksm_block {
	unsigned long word;
	struct ksm_slot slot[];
};

/* For the page of a slot: none. */
#define KSM_NO_PAGE		0xff

/**
 * struct ksm_hints - how pages change that secondary MMUs may write to
 * @trusted: pages of which it was told at each visit, since they were read, that they had
 *	     not changed
 * @looked: pages of which @sample was taken at the last visit
 * @sampled: pages that were read since anything was told of them
 * @era: what was told with another number does not hold any more
 * @sample: a few bytes of each page
 *
 * All other pages are to be read, whatever is told of them now.
 */
struct ksm_hints {
	u64 trusted;
	u64 looked;
	u64 sampled;
	unsigned long era;
	u32 sample[KSM_TILE_PAGES];
};

/**
 * struct ksm_tile - neighbouring pages of one process
 * @node: in ksm_mm::tiles, ordered by @addr, then @pgoff
 * @owner: process
 * @addr: first address, a multiple of KSM_TILE_SIZE
 * @pgoff: linear page index of @addr; a VMA that maps these addresses at
 *	   another index has a tile of its own
 * @present: pages that are tracked
 * @state: see enum ksm_state
 * @block: further slots
 * @hints: how pages change, where that is not seen in their PTEs alone, or NULL
 * @reread: number of the pass in which the pages are read again in full
 * @interval: how many passes that was after the last such
 * @due: number of the pass in which pages that are dirty once more are read
 * @heated: how many of them had changed in that pass
 * @heat: how long they are left alone, as a power of two of passes
 * @skip: the whole tile is left alone meanwhile
 * @reread_done: some were read in that pass
 * @shape: of @block
 * @first: page of @slot
 * @deferred: some pages are to be read later in this pass, see scan.c
 * @slot: the slot that is always there
 */
struct ksm_tile {
	struct rb_node node;
	struct ksm_mm *owner;
	unsigned long addr;
	pgoff_t pgoff;
	u64 present;
	u64 state[2];
	struct ksm_block *block;
	struct ksm_hints *hints;
	u16 reread;
	u8 interval;
	u8 due;
	u8 heated;
	u8 heat : 3;
	u8 skip : 1;
	u8 reread_done : 1;
	u8 shape : 3;
	u8 first;
	bool deferred;
	struct ksm_slot slot;
} __aligned(8);

/* What a page that is tracked is: a bit in each word of ksm_tile::state. */
enum ksm_state {
	KSM_SEEN,	/* nothing is known of its content */
	KSM_UNSTABLE,	/* in an unstable tree */
	KSM_MERGED,	/* a mapping of a KSM folio */
	KSM_SETTLED,	/* its slot holds the fingerprint last seen, but it is in no tree */
};

static inline u64 ksm_tile_unstable(const struct ksm_tile *tile)
{
	return tile->state[0] & ~tile->state[1];
}

static inline u64 ksm_tile_merged(const struct ksm_tile *tile)
{
	return tile->state[1] & ~tile->state[0];
}

static inline u64 ksm_tile_settled(const struct ksm_tile *tile)
{
	return tile->state[0] & tile->state[1];
}

/* Pages whose slots hold a fingerprint. */
static inline u64 ksm_tile_keyed(const struct ksm_tile *tile)
{
	return tile->state[0];
}

/* Pages that need their slots. */
static inline u64 ksm_tile_used(const struct ksm_tile *tile)
{
	return tile->state[0] | tile->state[1];
}

static inline void ksm_tile_set(struct ksm_tile *tile, u64 pages,
				enum ksm_state state)
{
	tile->state[0] &= ~pages;
	tile->state[1] &= ~pages;
	if (state & 1)
		tile->state[0] |= pages;
	if (state & 2)
		tile->state[1] |= pages;
}

static inline unsigned long ksm_tile_addr(const struct ksm_tile *tile,
					  unsigned int i)
{
	return tile->addr + i * PAGE_SIZE;
}

/* Those of its pages, one bit each, that are in [start, end); at least one is. */
static inline u64 ksm_tile_mask(const struct ksm_tile *tile, unsigned long start,
				unsigned long end)
{
	unsigned int first = 0, last = KSM_TILE_PAGES - 1;

	if (start > tile->addr)
		first = (start - tile->addr) >> PAGE_SHIFT;
	if (end - tile->addr < KSM_TILE_SIZE)
		last = ((end - tile->addr) >> PAGE_SHIFT) - 1;
	return GENMASK_ULL(last, first);
}

/* A slot is found from its tile and back. */

struct ksm_slot *ksm_slot_sparse(struct ksm_tile *tile, unsigned int i);

/* The slot of a page that has one. */
static inline struct ksm_slot *ksm_slot(struct ksm_tile *tile, unsigned int i)
{
	if (unlikely(tile->shape != KSM_BLOCK_63))
		return ksm_slot_sparse(tile, i);
	return i ? &tile->block->slot[i - 1] : &tile->slot;
}

unsigned int ksm_slot_row(struct ksm_tile *tile, unsigned int i);

static inline unsigned int ksm_slot_place(const struct ksm_slot *slot)
{
	return slot->word & KSM_SLOT_MASK;
}

static inline struct ksm_block *ksm_slot_block(struct ksm_slot *slot)
{
	return container_of(slot - (ksm_slot_place(slot) - 1), struct ksm_block,
			    slot[0]);
}

static inline struct ksm_tile *ksm_slot_tile(struct ksm_slot *slot)
{
	if (!ksm_slot_place(slot))
		return container_of(slot, struct ksm_tile, slot);
	return (struct ksm_tile *)(ksm_slot_block(slot)->word & ~KSM_SHAPE_MASK);
}

unsigned int ksm_slot_nr(struct ksm_slot *slot);

static inline u64 ksm_slot_key(const struct ksm_slot *slot)
{
	return slot->word & KSM_KEY_MASK;
}

/* Linear page index of the slot's page. */
static inline pgoff_t ksm_slot_pgoff(struct ksm_slot *slot)
{
	return ksm_slot_tile(slot)->pgoff + ksm_slot_nr(slot);
}

static inline int ksm_slot_nid(const struct ksm_slot *slot)
{
	return (slot->word & KSM_NID_MASK) >> KSM_NID_SHIFT;
}

static inline void ksm_slot_set_key(struct ksm_slot *slot, u64 key, int nid)
{
	slot->word = (key & KSM_KEY_MASK) | (u64)nid << KSM_NID_SHIFT |
		     (slot->word & KSM_SLOT_MASK);
}

static inline struct ksm_stable *ksm_slot_stable(const struct ksm_slot *slot)
{
	return (struct ksm_stable *)(unsigned long)(slot->word & ~KSM_SLOT_MASK);
}

extern const u8 ksm_slot_shapes[KSM_SHAPES];

/* For each slot of a block, its page; not if there is a slot for each page. */
static inline u8 *ksm_slot_block_pages(struct ksm_block *block)
{
	return (u8 *)&block->slot[ksm_slot_shapes[block->word & KSM_SHAPE_MASK]];
}

unsigned long ksm_slot_block_bytes(enum ksm_shape shape);
enum ksm_shape ksm_slot_shape_for(unsigned int pages);
struct ksm_index *ksm_slot_index(struct ksm_slot *slot);
bool ksm_slot_matches(struct ksm_slot *slot);

/* tile.c */
struct ksm_tile *ksm_tile_find(struct ksm_mm *kmm, unsigned long addr, pgoff_t pgoff);
struct ksm_tile *ksm_tile_get(struct ksm_mm *kmm, unsigned long addr, pgoff_t pgoff);
struct ksm_tile *ksm_tile_get_at(struct ksm_mm *kmm, unsigned long addr, pgoff_t pgoff,
				 struct ksm_tile *at);
struct ksm_tile *ksm_tile_from(struct ksm_mm *kmm, unsigned long addr);
struct ksm_tile *ksm_tile_first(struct ksm_mm *kmm);
struct ksm_tile *ksm_tile_next_deferred(struct ksm_mm *kmm, unsigned long addr,
					bool paying, unsigned long *visits);

static inline struct ksm_tile *ksm_tile_next(struct ksm_tile *tile)
{
	return rb_entry_safe(rb_next(&tile->node), struct ksm_tile, node);
}

bool ksm_tile_any(struct ksm_mm *kmm, unsigned long start, unsigned long end);
bool ksm_tile_hints_alloc(struct ksm_tile *tile);
void ksm_tile_hints_free(struct ksm_tile *tile);
void ksm_tile_track(struct ksm_tile *tile, u64 pages);
void ksm_tile_untrack(struct ksm_tile *tile, u64 pages);

/* Keep the fingerprint of a page that is tracked, in no tree, and has a slot. */
static inline void ksm_tile_settle(struct ksm_tile *tile, unsigned int i,
				   u64 fingerprint)
{
	ksm_slot_set_key(ksm_slot(tile, i), fingerprint, 0);
	ksm_tile_set(tile, BIT_ULL(i), KSM_SETTLED);
}

void ksm_tile_index(struct ksm_tile *tile, unsigned int i,
		    struct ksm_index *index, u64 key);
bool ksm_tile_index_only(struct ksm_tile *tile, unsigned int i,
			 struct ksm_index *index, u64 key);
void ksm_tile_unsettle(struct ksm_tile *tile, u64 pages);
bool ksm_tile_unsettle_equals(struct ksm_index *index, u64 key, unsigned int max);
void ksm_tile_free(struct ksm_tile *tile);
int ksm_tile_init(void);

/* schedule.c */
u64 ksm_schedule_reread(struct ksm_tile *tile);
bool ksm_schedule_heat(struct ksm_tile *tile);

#endif /* _MM_KSM_TILE_H */
