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
#include "internal.h"

/* What came of an attempt to merge a page. */
enum outcome {
	MERGED,
	BUSY,		/* somebody holds a page: later */
	CHANGED,	/* the page is not what it was */
	DIFFERS,	/* equal fingerprints, other bytes */
	STALE,		/* the other page is not fit to be merged */
	SAME,		/* the other page is this page */
	NONE,		/* there is nothing to merge with */
	WHOLE,		/* splitting its large folio does not pay */
};

/* For tracepoints, which tell errors as all others do. */
static int error_of(enum outcome outcome)
{
	static const int errors[] = {
		[MERGED] = 0,
		[BUSY] = -EBUSY,
		[CHANGED] = -EAGAIN,
		[DIFFERS] = -EILSEQ,
		[STALE] = -ESTALE,
		[SAME] = -EEXIST,
		[NONE] = -ENOENT,
		[WHOLE] = -EFBIG,
	};

	return errors[outcome];
}

/*
 * Split the large folio of a page whose content is known to have a match, if
 * that pays.  Nobody but the caller may hold a reference.
 */
static enum outcome split(const struct ksm_item *item, u64 key)
{
	struct folio *folio = page_folio(item->page);
	int err;

	if (!folio_test_large(folio))
		return MERGED;
	if (!ksm_thp_split_pays(item, key))
		return WHOLE;
	if (!folio_trylock(folio))
		return CHANGED;
	err = ksm_thp_split(item->page);
	trace_ksm_split_folio(page_to_pfn(item->page), item->vma->vm_mm, err);
	folio_unlock(page_folio(item->page));
	if (err)
		return CHANGED;
	ksm_thp_split_done(item);
	return MERGED;
}

/* Replace a page whose folio is locked by @kpage, which is locked, too. */
static enum outcome merge_locked(struct ksm_item *item, struct page *kpage)
{
	switch (ksm_pte_merge(item, kpage)) {
	case 0:
		return MERGED;
	case -EBUSY:
		return BUSY;
	case -EILSEQ:
		return DIFFERS;
	default:
		return CHANGED;
	}
}

/*
 * Replace a page by @kpage: a KSM page whose folio is locked, or the zero page.
 */
static enum outcome merge_with(struct ksm_item *item, struct page *kpage, u64 key)
{
	struct folio *folio = page_folio(item->page);
	enum outcome outcome;

	/* A huge page is split on a match only. */
	if (folio_test_large(folio)) {
		if (!ksm_content_same(item->page, kpage))
			return DIFFERS;
		outcome = split(item, key);
		if (outcome != MERGED)
			return outcome;
		folio = page_folio(item->page);
	}

	if (!folio_trylock(folio))
		return CHANGED;
	outcome = merge_locked(item, kpage);
	folio_unlock(folio);
	return outcome;
}

static enum outcome merge_zero(struct ksm_item *item, u64 key)
{
	struct mm_struct *mm = item->vma->vm_mm;
	unsigned long pfn = page_to_pfn(item->page);
	enum outcome outcome;

	if (mm_forbids_zeropage(mm))
		return DIFFERS;
	outcome = merge_with(item, ZERO_PAGE(ksm_item_addr(item)), key);
	trace_ksm_merge_one_page(pfn, ksm_slot(item->tile, item->nr), mm,
				 error_of(outcome));
	if (outcome == MERGED)
		ksm_forget_pages(item->tile, BIT_ULL(item->nr));
	return outcome;
}

/* Merge a page with a KSM folio of equal content, if there is one with room. */
static enum outcome merge_stable(struct ksm_item *item, struct ksm_index *index, u64 key)
{
	struct ksm_stable *first = ksm_stable_first(index, key);
	struct mm_struct *mm = item->vma->vm_mm;
	unsigned long pfn = page_to_pfn(item->page);
	struct ksm_lookup lookup;
	enum outcome outcome;

	if (!first)
		return NONE;
	lookup = ksm_chain_lookup_begin(index, key, first);
	while (ksm_chain_lookup(&lookup)) {
		struct page *kpage = &lookup.folio->page;

		/* Until then others are kept, with a KSM folio of their own. */
		outcome = ksm_apart_still(lookup.stable) ? DIFFERS :
						       merge_with(item, kpage, key);
		if (outcome == MERGED) {
			ksm_mapping_add(item->tile, item->nr, lookup.stable,
					item->vma->anon_vma);
			ksm_hold_settle(lookup.stable, lookup.folio);
		}
		trace_ksm_merge_with_ksm_page(kpage, pfn,
					      ksm_slot(item->tile, item->nr), mm,
					      error_of(outcome));
		folio_unlock(lookup.folio);
		folio_put(lookup.folio);
		if (outcome != DIFFERS)
			return outcome;
	}
	return lookup.busy ? BUSY : NONE;
}

/*
 * Make @item's page a KSM page and map it in place of @other's.  Both folios are
 * locked, order 0, and the caller holds one reference to each.
 */
static enum outcome share_locked(struct ksm_item *item, struct ksm_item *other,
				 struct ksm_index *index, u64 key,
				 struct ksm_stable *stable)
{
	unsigned long pfn = page_to_pfn(other->page);
	pte_t protected, other_protected;
	struct ksm_anchor *anchor = NULL;
	enum outcome outcome = MERGED;

	if (ksm_pte_protect(other, &other_protected))
		return STALE;
	if (ksm_pte_protect(item, &protected))
		return CHANGED;
	if (!ksm_content_same(item->page, other->page))
		return STALE;
	if (folio_mapcount(page_folio(item->page)) > 1 &&
	    !ksm_anchor_for(stable, page_folio(item->page), item->vma->anon_vma, &anchor)) {
		ksm_stats.unslotted++;
		return CHANGED;
	}

	ksm_chain_add(stable, index, item->page, key);
	ksm_mapping_add(item->tile, item->nr, stable, item->vma->anon_vma);
	ksm_anchor_add(stable, anchor);

	/*
	 * If the other page changes at the last moment, a KSM page with one
	 * mapping is left: it is found again when the other settles.
	 */
	if (ksm_pte_replace(other, item->page, other_protected))
		outcome = merge_locked(other, item->page);
	if (outcome != MERGED)
		ksm_tile_unsettle(other->tile, BIT_ULL(other->nr));
	else
		ksm_mapping_add(other->tile, other->nr, stable, other->vma->anon_vma);
	trace_ksm_merge_with_ksm_page(item->page, pfn,
				      ksm_slot(item->tile, item->nr),
				      other->vma->vm_mm, error_of(outcome));
	return MERGED;
}

static enum outcome merge_items(struct ksm_item *item, struct ksm_item *other,
				struct ksm_index *index, u64 key)
{
	struct folio *folio = page_folio(item->page);
	struct folio *other_folio = page_folio(other->page);
	enum outcome outcome = CHANGED;
	struct ksm_stable *stable;

	/* Allocate while nothing is locked. */
	stable = ksm_stable_alloc();
	if (!stable) {
		ksm_stats.unslotted++;
		return CHANGED;
	}
	if (folio_trylock(folio)) {
		outcome = BUSY;
		if (folio_trylock(other_folio)) {
			outcome = share_locked(item, other, index, key, stable);
			folio_unlock(other_folio);
		}
		folio_unlock(folio);
	}
	if (outcome != MERGED)
		ksm_stable_free(stable);
	return outcome;
}

/*
 * Split the large folios of two pages, on a match only.  The two may be parts of one
 * folio, and a folio with a second reference cannot be split: so that of @other is
 * dropped meanwhile, and its page may be another one, or none, then.
 */
static enum outcome split_both(struct ksm_item *item, struct ksm_item *other, u64 key)
{
	enum outcome outcome;

	if (!ksm_content_same(item->page, other->page))
		return STALE;
	put_page(other->page);
	other->page = NULL;
	outcome = split(item, key);
	if (outcome != MERGED)
		return outcome;
	other->page = ksm_pte_get_page(other);
	if (!other->page)
		return STALE;
	outcome = split(other, key);
	if (outcome != MERGED)
		return outcome == WHOLE ? WHOLE : BUSY;
	return ksm_eligible_page(other->page) ? MERGED : STALE;
}

/* Merge a page with another whose VMA is locked too. */
static enum outcome merge_pair(struct ksm_item *item, struct ksm_item *other,
			       struct ksm_index *index, u64 key)
{
	enum outcome outcome = MERGED;

	if (!ksm_vma_fits(other->vma, other->tile))
		return STALE;
	other->page = ksm_pte_get_page(other);
	if (!other->page)
		return STALE;

	if (other->page == item->page)
		outcome = SAME;
	else if (!ksm_eligible_page(other->page) ||
		 ksm_domain_nid(other->page) != index->nid)
		outcome = STALE;
	else if (PageCompound(item->page) || PageCompound(other->page))
		outcome = split_both(item, other, key);

	if (outcome == MERGED)
		outcome = merge_items(item, other, index, key);
	if (other->page)
		put_page(other->page);
	return outcome;
}

static enum outcome try_unstable(struct ksm_item *item, struct ksm_slot *slot,
				 struct ksm_index *index, u64 key)
{
	struct ksm_item other = {
		.tile = ksm_slot_tile(slot),
		.nr = ksm_slot_nr(slot),
	};
	struct ksm_mm *kmm = other.tile->owner;
	bool entered = kmm != item->tile->owner;
	unsigned long addr = ksm_item_addr(&other);
	enum outcome outcome;

	if (ksm_cgroup_left(kmm))
		return STALE;
	/* It may be in the VMA that is locked already. */
	if (!entered && addr >= item->vma->vm_start && addr < item->vma->vm_end) {
		other.vma = item->vma;
		other.clean = ksm_change_dirty_bit_tells(other.vma->vm_mm);
		return merge_pair(item, &other, index, key);
	}

	if (entered && !ksm_mm_enter(kmm))
		return STALE;
	other.vma = ksm_vma_lock(kmm->slot.mm, addr);
	if (other.vma) {
		other.clean = ksm_change_dirty_bit_tells(other.vma->vm_mm);
		outcome = merge_pair(item, &other, index, key);
		ksm_vma_unlock(other.vma);
	} else {
		outcome = BUSY;
	}
	if (entered)
		ksm_mm_leave(kmm);
	return outcome;
}

/* Merge a page with an unstable one, if there is one of equal content. */
static enum outcome merge_unstable(struct ksm_item *item, struct ksm_index *index,
				   u64 key)
{
	int ties, left = KSM_MAX_REMOVALS;
	enum outcome outcome;
	struct ksm_slot *slot;

again:
	ties = KSM_MAX_TIES;
	for (slot = ksm_unstable_first(index, key); slot && ties--;
	     slot = ksm_unstable_next(slot)) {
		outcome = try_unstable(item, slot, index, key);
		if (outcome == MERGED)
			goto merged;
		if (outcome == CHANGED)
			return outcome;
		/*
		 * One that is busy leaves the tree, too: side by side they would never
		 * look for each other, and all others of this content would be kept
		 * out for as long as it stays so.  It comes back by a visit of its own.
		 */
		if (outcome == STALE || outcome == BUSY) {
			ksm_tile_unsettle(ksm_slot_tile(slot),
					  BIT_ULL(ksm_slot_nr(slot)));
			cond_resched();
			if (left--)
				goto again;
			break;
		}
	}
	return NONE;

merged:
	/* Further entries of this fingerprint were not tried. */
	ksm_chain_announce(ksm_slot_stable(ksm_slot(item->tile, item->nr)));
	return MERGED;
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
						   ksm_domain_nid(item->page));
	u64 key = fingerprint & KSM_KEY_MASK;
	enum outcome outcome;

	if (ksm_cgroup_left(item->tile->owner))
		return;
	if (ksm_knobs.use_zero_pages && ksm_fingerprint_is_zero(fingerprint)) {
		outcome = merge_zero(item, key);
		if (outcome != DIFFERS && outcome != WHOLE)
			return;
	}
	if (ksm_domain_uniform(index->domain)) {
		ksm_uniform_merge(item, index, key);
		return;
	}
	outcome = merge_stable(item, index, key);
	if (outcome == NONE) {
		if (ksm_tile_index_only(item->tile, item->nr, index, key))
			return;
		outcome = merge_unstable(item, index, key);
	}
	if (outcome == NONE || outcome == WHOLE)
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

	if (!ksm_node_of(folio)) {
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

	index = ksm_domain_index(domain, ksm_domain_nid(item->page));
	stable = ksm_node_of(folio);
	if (stable && ksm_stable_index(stable)->domain != domain) {
		/* Forked in another domain: ksm_apart_visit() sees to it. */
		ksm_apart_set(item->tile->owner);
	} else if (stable && ksm_stable_index(stable) != index) {
		/* Migrated to another node. */
		if (ksm_chain_rehome(stable, folio, domain))
			stable = ksm_node_of(folio);
	}
	if (stable) {
		/* Over max_page_sharing too: the mapping is there, made by fork. */
		ksm_mapping_add(item->tile, item->nr, stable, item->vma->anon_vma);
		if (static_branch_unlikely(&ksm_domain_uniform_used)) {
			ksm_hold_settle(stable, folio);
			/* It may be of the other kind. */
			if (ksm_stable_uniform(stable) != ksm_domain_uniform(domain))
				ksm_apart_set(item->tile->owner);
		}
	} else if (spare && folio_test_ksm(folio)) {
		ksm_chain_add(spare, index, item->page, key);
		ksm_mapping_add(item->tile, item->nr, spare, item->vma->anon_vma);
		if (ksm_domain_uniform(domain))
			ksm_hold_switch(spare, folio, true);
		ksm_chain_announce(spare);
		spare = NULL;
	}
	folio_unlock(folio);
out:
	ksm_stable_free(spare);
}
