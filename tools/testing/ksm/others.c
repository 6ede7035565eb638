// SPDX-License-Identifier: GPL-2.0
/*
 * What the pure rooms need from others, for a world without folios: each node has lost
 * its folio, and has no anchor.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "../../../mm/ksm/node.h"

/* lock.c */
atomic_t ksm_lock_waiting;

/* node.c */
struct folio *ksm_node_get(struct ksm_stable *stable, enum ksm_node_lock lock)
{
	assert(stable->pfn == KSM_HOLLOW);
	return NULL;
}

void ksm_node_forsake(struct folio *folio)
{
	assert(!folio);
}

/* hold.c */
void ksm_hold_end(struct ksm_stable *stable, struct folio *folio)
{
	assert(!ksm_hold_held(stable));
}

bool ksm_hold_give_up(struct ksm_stable *stable, struct folio *folio)
{
	assert(!folio);
	return false;
}

/* anchor.c */
bool ksm_anchor_keep(struct ksm_slot *slot, struct folio *folio)
{
	assert(!folio);
	return true;
}

void ksm_anchor_drop_all(struct ksm_stable *stable)
{
	assert(!ksm_stable_anchored(stable));
}

void ksm_anchor_move(struct ksm_stable *from, struct ksm_stable *to)
{
	assert(!ksm_stable_anchored(from));
}

int folio_mapcount(const struct folio *folio)
{
	assert(!folio);
	return 0;
}

void folio_unlock(struct folio *folio)
{
	assert(!folio);
}

void folio_put(struct folio *folio)
{
	assert(!folio);
}
