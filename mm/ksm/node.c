// SPDX-License-Identifier: GPL-2.0
/*
 * From a stable node to its folio, and back; also when the folio migrates.
 *
 * A node holds no reference to its folio: the last unmap frees a KSM folio like
 * any other, without asking ksmd.  All that is left then is a node whose page
 * frame does not point back to it.
 */
#include <linux/mm.h>
#include <linux/page_ref.h>
#include <linux/pagemap.h>

#include "internal.h"

static bool points_back(const struct folio *folio, const struct ksm_stable *stable)
{
	return READ_ONCE(folio->mapping) ==
	       (void *)((unsigned long)stable | PAGE_MAPPING_KSM);
}

static struct folio *stable_get(struct ksm_stable *stable)
{
	for (;;) {
		unsigned long pfn = READ_ONCE(stable->pfn);
		struct folio *folio;

		if (pfn == KSM_HOLLOW)
			return NULL;

		/* Whatever the frame is now: a tail page has no references. */
		folio = (struct folio *)pfn_to_page(pfn);
		if (points_back(folio, stable)) {
			if (folio_try_get(folio)) {
				if (points_back(folio, stable))
					return folio;
				folio_put(folio);
			} else if (folio_test_swapcache(folio)) {
				/* Reclaim froze it: in a moment it is gone or back. */
				cpu_relax();
				continue;
			}
		}

		/*
		 * Pairs with the smp_wmb() in folio_migrate_ksm(): whoever sees
		 * that the old folio has lost its node sees the new frame too.
		 */
		smp_rmb();
		if (READ_ONCE(stable->pfn) == pfn)
			return NULL;
	}
}

/**
 * ksm_node_get - get the folio of a node
 * @stable: node
 * @lock: whether to lock the folio, and whether to wait for that
 *
 * Context: ksm_mutex held; may sleep with KSM_LOCK.
 * Return: the folio, with a reference and locked as asked for; NULL if it is
 *	   gone; ERR_PTR(-EBUSY) if somebody else has it locked.
 */
struct folio *ksm_node_get(struct ksm_stable *stable, enum ksm_node_lock lock)
{
	struct folio *folio;

	while ((folio = stable_get(stable))) {
		if (lock == KSM_NOLOCK)
			return folio;
		if (lock == KSM_LOCK) {
			folio_lock(folio);
		} else if (!folio_trylock(folio)) {
			folio_put(folio);
			return ERR_PTR(-EBUSY);
		}
		if (points_back(folio, stable))
			return folio;

		/* Migrated, or freed, before it was locked. */
		folio_unlock(folio);
		folio_put(folio);
	}
	return NULL;
}

/**
 * ksm_node_adopt - make a folio the KSM folio of a node
 * @stable: node in no tree
 * @folio: locked anonymous folio, write-protected wherever it is mapped
 * @key: its fingerprint
 */
void ksm_node_adopt(struct ksm_stable *stable, struct folio *folio, u64 key)
{
	stable->word = key & KSM_KEY_MASK;
	stable->pfn = folio_pfn(folio);
	/* Reclaim drops clean folios: this one must go to swap. */
	if (!folio_test_dirty(folio))
		folio_mark_dirty(folio);
	WRITE_ONCE(folio->mapping,
		   (void *)((unsigned long)stable | PAGE_MAPPING_KSM));
}

/**
 * ksm_node_forsake - have a KSM folio be without a node
 * @folio: locked KSM folio
 */
void ksm_node_forsake(struct folio *folio)
{
	WRITE_ONCE(folio->mapping, (void *)PAGE_MAPPING_KSM);
}

#ifdef CONFIG_MIGRATION
/**
 * folio_migrate_ksm - a KSM folio moves to another page frame
 * @newfolio: where to; its mapping has been set
 * @folio: where from
 *
 * Context: both folios are locked.
 */
void folio_migrate_ksm(struct folio *newfolio, struct folio *folio)
{
	struct ksm_stable *stable = ksm_node_of(folio);

	VM_WARN_ON_ONCE_FOLIO(!folio_test_locked(folio), folio);
	VM_WARN_ON_ONCE_FOLIO(!folio_test_locked(newfolio), newfolio);
	VM_WARN_ON_ONCE_FOLIO(newfolio->mapping != folio->mapping, newfolio);

	if (!stable)
		return;
	WRITE_ONCE(stable->pfn, folio_pfn(newfolio));
	/*
	 * Pairs with the smp_rmb() in stable_get(): whoever finds that the old
	 * folio has lost its node must see the new frame.
	 */
	smp_wmb();
	ksm_node_forsake(folio);
}
#endif
