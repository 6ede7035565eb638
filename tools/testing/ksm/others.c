// SPDX-License-Identifier: GPL-2.0
/*
 * What the pure rooms still need from other rooms, for a world without folios: each
 * node has lost its folio.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "../../../mm/ksm/ksm.h"

/* ../ksm.c, lock.c */
DEFINE_MUTEX(ksm_mutex);

struct ksm_knobs ksm_knobs = {
	.pages_to_scan = KSM_PAGES_TO_SCAN_DEFAULT,
	.max_page_sharing = 256,
	.merge_across_nodes = true,
};

atomic_t ksm_waiting;

/* keyhole.c */
struct folio *ksm_stable_get(struct ksm_stable *stable, enum ksm_lock lock)
{
	assert(stable->pfn == KSM_HOLLOW);
	return NULL;
}

void ksm_stable_bury(struct ksm_stable *stable)
{
	list_del_init(&stable->watch);
	ksm_stable_erase(stable);
}

void ksm_stable_orphan(struct ksm_stable *stable)
{
	ksm_stable_bury(stable);
}

/* anchor.c */
bool ksm_anchor_keep(struct ksm_slot *slot, struct folio *folio)
{
	assert(!folio);
	return true;
}

void folio_unlock(struct folio *folio)
{
	assert(!folio);
}

void folio_put(struct folio *folio)
{
	assert(!folio);
}
