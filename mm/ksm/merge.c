// SPDX-License-Identifier: GPL-2.0
/*
 * Merging: what to do with a page whose fingerprint is known.
 *
 * A page is write-protected in its page table, its references are counted, its
 * bytes are compared, and only then is it replaced.  Nothing before that is more
 * than a hint, and whatever goes wrong is left for a later visit.
 */
#include <linux/mm.h>
#include <linux/rmap.h>
#include <linux/swap.h>

#include <trace/events/ksm.h>

#include "../internal.h"
#include "ksm.h"

/* Entries of one fingerprint to try before giving up. */
#define KSM_MAX_TIES	8

/* Entries to take out of a tree in one look-up. */
#define KSM_MAX_REMOVALS	64

/* Why a merge did not happen. */
#define KSM_BUSY	(-EBUSY)	/* somebody holds the other page: later */
#define KSM_CHANGED	(-EAGAIN)	/* the page is not what it was, or it is held */
#define KSM_DIFFERS	(-EILSEQ)	/* equal fingerprints, other bytes */
#define KSM_STALE	(-ESTALE)	/* the other page is not fit to be merged */
#define KSM_SAME	(-EEXIST)	/* the other page is this page */
#define KSM_NONE	(-ENOENT)	/* nothing to merge with */
#define KSM_WHOLE	(-EFBIG)	/* splitting its large folio does not pay */

/*
 * Split the large folio of a page whose content is known to have a match, if
 * that pays.  Nobody but the caller may hold a reference.
 */
static int split(const struct ksm_item *item, u64 key)
{
	struct folio *folio = page_folio(item->page);
	int err;

	if (!folio_test_large(folio))
		return 0;
	if (!ksm_split_pays(item, key))
		return KSM_WHOLE;
	if (!folio_trylock(folio))
		return KSM_CHANGED;
	err = ksm_split_page(item->page);
	trace_ksm_split_folio(page_to_pfn(item->page), item->vma->vm_mm, err);
	folio_unlock(page_folio(item->page));
	if (err)
		return KSM_CHANGED;
	ksm_split_done(item);
	return 0;
}

/*
 * Write-protect a page whose folio is locked, compare it with @kpage, and replace it.
 * Others may touch the PTE in between without writing to the page, as NUMA balancing
 * does: so there is a second try.
 */
static int merge_protected(const struct ksm_item *item, struct page *kpage)
{
	int tries, err = KSM_CHANGED;
	pte_t protected;

	for (tries = 0; tries < 2 && err == KSM_CHANGED; tries++) {
		err = ksm_pte_protect(item, &protected);
		if (!err && !ksm_pages_equal(item->page, kpage))
			err = KSM_DIFFERS;
		if (!err)
			err = ksm_pte_replace(item, kpage, protected);
	}
	return err;
}

/*
 * Replace a page by @kpage: a KSM page whose folio is locked, or the zero page.
 */
static int merge_with(const struct ksm_item *item, struct page *kpage, u64 key)
{
	struct folio *folio = page_folio(item->page);
	int err;

	/* A huge page is split on a match only. */
	if (folio_test_large(folio)) {
		if (!ksm_pages_equal(item->page, kpage))
			return KSM_DIFFERS;
		err = split(item, key);
		if (err)
			return err;
		folio = page_folio(item->page);
	}

	if (!folio_trylock(folio))
		return KSM_CHANGED;
	err = merge_protected(item, kpage);
	folio_unlock(folio);
	return err;
}

static int merge_zero(struct ksm_item *item, u64 key)
{
	struct mm_struct *mm = item->vma->vm_mm;
	unsigned long pfn = page_to_pfn(item->page);
	int err;

	if (mm_forbids_zeropage(mm))
		return KSM_DIFFERS;
	err = merge_with(item, ZERO_PAGE(ksm_item_addr(item)), key);
	trace_ksm_merge_one_page(pfn, ksm_slot(item->tile, item->nr), mm, err);
	if (!err)
		ksm_tile_forget(item->tile, BIT_ULL(item->nr));
	return err;
}

/* To the index that a KSM folio belongs to by now. */
static bool rehome(struct ksm_stable *stable, struct folio *folio)
{
	struct ksm_domain *domain = stable->index->domain;

	return ksm_stable_rehome(stable,
				 ksm_domain_index(domain, ksm_page_nid(&folio->page)),
				 folio);
}

/* Merge a page with a KSM folio of equal content, if there is one with room. */
static int merge_stable(struct ksm_item *item, struct ksm_index *index, u64 key)
{
	struct ksm_stable *head, *stable;
	struct mm_struct *mm = item->vma->vm_mm;
	unsigned long pfn = page_to_pfn(item->page);
	struct folio *kfolio;
	int ties, err, left = KSM_MAX_REMOVALS;
	bool pruned = false;

again:
	/* Each round but the first has made the tree smaller. */
	if (!left--)
		return KSM_BUSY;
	cond_resched();
	ties = KSM_MAX_TIES;
	for (head = ksm_stable_first(index, key); head && ties--;
	     head = ksm_stable_next(head)) {
		/* Once: a long chain may be due again when its search ends. */
		if (!pruned && ksm_stable_prune(head)) {
			pruned = true;
			goto again;
		}
		stable = ksm_stable_pick(head, ksm_knobs.max_page_sharing);
		if (!stable)
			continue;
		kfolio = ksm_stable_get(stable, KSM_TRYLOCK);
		if (IS_ERR(kfolio))
			return KSM_BUSY;
		if (!kfolio) {
			if (!ksm_stable_kill(stable))
				return KSM_BUSY;
			goto again;
		}

		err = KSM_NONE;
		if (PageHWPoison(&kfolio->page)) {
			/* While it is mapped, memory failure needs its node. */
			if (!folio_mapped(kfolio)) {
				ksm_stable_disown(stable, kfolio);
				err = KSM_STALE;
			}
		} else if (ksm_page_nid(&kfolio->page) != index->nid) {
			/* Migrated to another node: no more to share here. */
			err = rehome(stable, kfolio) ? KSM_STALE : KSM_BUSY;
		} else {
			err = merge_with(item, &kfolio->page, key);
			if (!err)
				ksm_tile_map(item->tile, item->nr, stable,
					     item->vma->anon_vma);
			trace_ksm_merge_with_ksm_page(&kfolio->page, pfn,
						      ksm_slot(item->tile, item->nr),
						      mm, err);
		}
		folio_unlock(kfolio);
		folio_put(kfolio);
		if (err == KSM_STALE)
			goto again;
		if (err != KSM_DIFFERS && err != KSM_NONE)
			return err;
	}
	return KSM_NONE;
}

/*
 * Make @item's page a KSM page and map it in place of @other's.  Both folios are
 * locked, order 0, and the caller holds one reference to each.
 */
static int merge_locked(struct ksm_item *item, struct ksm_item *other,
			struct ksm_index *index, u64 key,
			struct ksm_stable *stable)
{
	unsigned long pfn = page_to_pfn(other->page);
	pte_t protected, other_protected;
	struct ksm_anchor *anchor = NULL;
	int err;

	if (ksm_pte_protect(other, &other_protected))
		return KSM_STALE;
	if (ksm_pte_protect(item, &protected))
		return KSM_CHANGED;
	if (!ksm_pages_equal(item->page, other->page))
		return KSM_STALE;
	if (folio_mapcount(page_folio(item->page)) > 1 &&
	    !ksm_anchor_for(page_folio(item->page), item->vma->anon_vma, &anchor)) {
		ksm_stats.unslotted++;
		return KSM_CHANGED;
	}

	ksm_stable_promote(stable, index, item->page, key);
	ksm_tile_map(item->tile, item->nr, stable, item->vma->anon_vma);
	ksm_anchor_add(stable, anchor);

	/*
	 * If the other page changes at the last moment, a KSM page with one
	 * mapping is left: it is found again when the other settles.
	 */
	err = ksm_pte_replace(other, item->page, other_protected);
	if (err == KSM_CHANGED)
		err = merge_protected(other, item->page);
	if (err)
		ksm_tile_unsettle(other->tile, BIT_ULL(other->nr));
	else
		ksm_tile_map(other->tile, other->nr, stable, other->vma->anon_vma);
	trace_ksm_merge_with_ksm_page(item->page, pfn,
				      ksm_slot(item->tile, item->nr),
				      other->vma->vm_mm, err);
	return 0;
}

static int merge_items(struct ksm_item *item, struct ksm_item *other,
		       struct ksm_index *index, u64 key)
{
	struct folio *folio = page_folio(item->page);
	struct folio *other_folio = page_folio(other->page);
	struct ksm_stable *stable;
	int err = KSM_CHANGED;

	/* Allocate while nothing is locked. */
	stable = ksm_stable_alloc();
	if (!stable) {
		ksm_stats.unslotted++;
		return KSM_CHANGED;
	}
	if (folio_trylock(folio)) {
		err = KSM_BUSY;
		if (folio_trylock(other_folio)) {
			err = merge_locked(item, other, index, key, stable);
			folio_unlock(other_folio);
		}
		folio_unlock(folio);
	}
	if (err)
		ksm_stable_free(stable);
	return err;
}

/* Merge a page with another whose VMA is locked too. */
static int merge_pair(struct ksm_item *item, struct ksm_item *other,
		      struct ksm_index *index, u64 key)
{
	int err;

	if (!ksm_vma_fits(other->vma, other->tile))
		return KSM_STALE;
	other->page = ksm_item_get_page(other);
	if (!other->page)
		return KSM_STALE;

	err = KSM_SAME;
	if (other->page == item->page)
		goto out;
	err = KSM_STALE;
	if (!ksm_page_mergeable(other->page) ||
	    ksm_page_nid(other->page) != index->nid)
		goto out;

	if (PageCompound(item->page) || PageCompound(other->page)) {
		/*
		 * Split on a match only.  The two may be parts of one folio, and
		 * a folio with a second reference cannot be split.
		 */
		if (!ksm_pages_equal(item->page, other->page))
			goto out;
		put_page(other->page);
		err = split(item, key);
		if (err)
			return err;
		other->page = ksm_item_get_page(other);
		if (!other->page)
			return KSM_STALE;
		err = split(other, key);
		if (err) {
			err = err == KSM_WHOLE ? err : KSM_BUSY;
			goto out;
		}
		err = KSM_STALE;
		if (!ksm_page_mergeable(other->page))
			goto out;
	}
	err = merge_items(item, other, index, key);
out:
	put_page(other->page);
	return err;
}

static int try_unstable(struct ksm_item *item, struct ksm_slot *slot,
			struct ksm_index *index, u64 key)
{
	struct ksm_item other = {
		.tile = ksm_slot_tile(slot),
		.nr = ksm_slot_nr(slot),
	};
	struct ksm_mm *kmm = other.tile->owner;
	bool entered = kmm != item->tile->owner;
	unsigned long addr = ksm_item_addr(&other);
	int err;

	/* It may be in the VMA that is locked already. */
	if (!entered && addr >= item->vma->vm_start && addr < item->vma->vm_end) {
		other.vma = item->vma;
		other.sampled = ksm_vma_sampled(other.vma);
		return merge_pair(item, &other, index, key);
	}

	if (entered && !ksm_mm_enter(kmm))
		return KSM_STALE;
	other.vma = ksm_lock_vma(kmm->slot.mm, addr);
	if (other.vma) {
		other.sampled = ksm_vma_sampled(other.vma);
		err = merge_pair(item, &other, index, key);
		ksm_unlock_vma(other.vma);
	} else {
		err = KSM_BUSY;
	}
	if (entered)
		ksm_mm_leave(kmm);
	return err;
}

/* Merge a page with an unstable one, if there is one of equal content. */
static int merge_unstable(struct ksm_item *item, struct ksm_index *index, u64 key)
{
	int ties, err, left = KSM_MAX_REMOVALS;
	struct ksm_slot *slot;

again:
	ties = KSM_MAX_TIES;
	for (slot = ksm_unstable_first(index, key); slot && ties--;
	     slot = ksm_unstable_next(slot)) {
		err = try_unstable(item, slot, index, key);
		if (!err)
			goto merged;
		if (err == KSM_CHANGED)
			return err;
		/*
		 * One that is busy leaves the tree, too: side by side they would never
		 * look for each other, and all others of this content would be kept
		 * out for as long as it stays so.  It comes back by a visit of its own.
		 */
		if (err == KSM_STALE || err == KSM_BUSY) {
			ksm_tile_unsettle(ksm_slot_tile(slot),
					  BIT_ULL(ksm_slot_nr(slot)));
			cond_resched();
			if (left--)
				goto again;
			break;
		}
	}
	return KSM_NONE;

merged:
	/* Further entries of this fingerprint were not tried. */
	if (!ksm_unsettle_equals(index, key, KSM_MAX_REMOVALS))
		ksm_watch(ksm_slot_stable(ksm_slot(item->tile, item->nr)));
	return 0;
}

/**
 * ksm_merge_page - merge a page, or keep it for others to be merged with
 * @item: page that is tracked and settled, and in no tree
 * @fingerprint: its fingerprint
 *
 * Context: ksm_mutex held, @item's VMA locked, may sleep.
 */
void ksm_merge_page(struct ksm_item *item, u64 fingerprint)
{
	struct ksm_index *index = ksm_domain_index(item->tile->owner->domain,
						   ksm_page_nid(item->page));
	u64 key = fingerprint & KSM_KEY_MASK;
	int err;

	if (ksm_knobs.use_zero_pages && ksm_fingerprint_is_zero(fingerprint)) {
		err = merge_zero(item, key);
		if (err != KSM_DIFFERS && err != KSM_WHOLE)
			return;
	}
	err = merge_stable(item, index, key);
	if (err == KSM_NONE) {
		if (ksm_tile_index_only(item->tile, item->nr, index, key))
			return;
		err = merge_unstable(item, index, key);
	}
	if (err == KSM_NONE || err == KSM_WHOLE)
		ksm_tile_index(item->tile, item->nr, index, key);
}

/**
 * ksm_merge_adopt - note a mapping of a KSM page that came by fork or swap-in
 * @item: a KSM page that is tracked and has a slot
 *
 * Context: ksm_mutex held, @item's VMA locked, may sleep.
 */
void ksm_merge_adopt(struct ksm_item *item)
{
	struct folio *folio = page_folio(item->page);
	struct ksm_domain *domain = item->tile->owner->domain;
	struct ksm_stable *spare = NULL, *stable;
	struct ksm_index *index;
	u64 key = 0;

	if (!ksm_folio_stable(folio)) {
		/* Its node has gone since: it is not to be read. */
		if (PageHWPoison(item->page))
			return;
		spare = ksm_stable_alloc();
		if (!spare) {
			ksm_stats.unslotted++;
			return;
		}
		key = ksm_fingerprint_page(item->page) & KSM_KEY_MASK;
	}
	if (!folio_trylock(folio))
		goto out;

	index = ksm_domain_index(domain, ksm_page_nid(item->page));
	stable = ksm_folio_stable(folio);
	if (stable && stable->index != index) {
		/* Migrated to another node. */
		if (rehome(stable, folio))
			stable = ksm_folio_stable(folio);
	}
	if (stable) {
		/* Over max_page_sharing too: the mapping is there, made by fork. */
		ksm_tile_map(item->tile, item->nr, stable, item->vma->anon_vma);
	} else if (spare && folio_test_ksm(folio)) {
		ksm_stable_promote(spare, index, item->page, key);
		ksm_tile_map(item->tile, item->nr, spare, item->vma->anon_vma);
		spare = NULL;
	}
	folio_unlock(folio);
out:
	ksm_stable_free(spare);
}
