// SPDX-License-Identifier: GPL-2.0
/*
 * Holding: with uniform faults, a node maps its folio, too, as if it were a process.
 *
 * So whoever unmaps the folio is never the last, does the same as anybody else, and takes
 * the same time; and nobody but ksmd, which ends that mapping later, frees one.  That
 * others map a folio is what move_pages(), madvise() and the like then see of each, too.
 *
 * A folio that goes to another frame, or to swap, is to be unmapped by all: then rmap
 * walks, which know of that first, end this mapping, and begin it again where the folio
 * has come to be mapped.
 */
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/shrinker.h>
#include <linux/swap.h>

#include "node.h"
#include "state.h"

/* Whose mapping it is: of no process, and with no flag. */
static struct vm_area_struct nobody;

/* The id by which memory cgroups know that there is something to give back. */
static int shrinker_id = -1;

/* Statistics are kept by CPU. */
static void map(struct ksm_stable *stable, struct folio *folio)
{
	folio_get(folio);
	preempt_disable();
	folio_add_anon_rmap_pte(folio, &folio->page, &nobody, 0, RMAP_NONE);
	preempt_enable();
	WRITE_ONCE(stable->word, stable->word | KSM_STABLE_HELD);
#ifdef CONFIG_MEMCG
	if (shrinker_id >= 0 && folio_memcg(folio))
		set_shrinker_bit(folio_memcg(folio), folio_nid(folio), shrinker_id);
#endif
}

static void unmap(struct ksm_stable *stable, struct folio *folio)
{
	WRITE_ONCE(stable->word, stable->word & ~KSM_STABLE_HELD);
	preempt_disable();
	folio_remove_rmap_pte(folio, &folio->page, &nobody);
	preempt_enable();
	folio_put(folio);
}

/* See ksm_hold_settle(). */
void ksm_hold_follow(struct ksm_stable *stable, struct folio *folio)
{
	bool wanted = ksm_stable_uniform(stable) && ksm_hold_mapped(stable, folio);

	if (wanted && !ksm_hold_held(stable))
		map(stable, folio);
	else if (!wanted && ksm_hold_held(stable))
		unmap(stable, folio);
}

/**
 * ksm_hold_switch - have a node be one with uniform faults, or one without
 * @stable: node
 * @folio: its folio, locked; a reference is held
 * @uniform: which
 *
 * Context: ksm_mutex held.
 */
void ksm_hold_switch(struct ksm_stable *stable, struct folio *folio, bool uniform)
{
	ksm_stable_set_uniform(stable, uniform);
	ksm_hold_settle(stable, folio);
}

/**
 * ksm_hold_move - have a node stand for a folio in place of another
 * @from: node
 * @to: node without mappings, for the same folio, which is locked
 *
 * Context: ksm_mutex held.
 */
void ksm_hold_move(struct ksm_stable *from, struct ksm_stable *to)
{
	ksm_stable_set_uniform(to, ksm_stable_uniform(from));
	to->word |= from->word & KSM_STABLE_HELD;
	from->word &= ~KSM_STABLE_HELD;
}

/**
 * ksm_hold_end - have a node map its folio no more
 * @stable: node that is about to go
 * @folio: its folio, locked; a reference is held
 */
void ksm_hold_end(struct ksm_stable *stable, struct folio *folio)
{
	if (ksm_hold_held(stable))
		unmap(stable, folio);
}

/* See ksm_hold_over(). */
bool ksm_hold_give_up(struct ksm_stable *stable, struct folio *folio)
{
	if (ksm_hold_mapped(stable, folio))
		return false;
	unmap(stable, folio);
	/* Whoever unmapped it last took it for mapped, and left that to others. */
	if (folio_test_swapcache(folio) && !folio_free_swap(folio))
		return false;
	ksm_node_forsake(folio);
	folio_get(folio);
	ksm_frame_retire(folio);
	return true;
}

/**
 * ksm_hold_set_shrinker - tell by whom memory cgroups are to have folios given up
 * @id: id of a shrinker
 */
void __init ksm_hold_set_shrinker(int id)
{
	shrinker_id = id;
}
