// SPDX-License-Identifier: GPL-2.0
/*
 * The invariant checker behind debugfs ksm/verify: walks every tree, tile and
 * counter, and reports each invariant that does not hold.
 */
#include <linux/bitops.h>
#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/seq_file.h>

#include "internal.h"

struct verify {
	struct seq_file *m;
	unsigned long errors;
	unsigned long tracked, unstable, merged;	/* by tiles */
	unsigned long in_unstable, in_stable;		/* by trees */
	unsigned long shared, sharing, alone, uniform, chains, dups, nodes;
	unsigned long bytes;
};

static __printf(3, 4) void report(struct verify *v, bool holds,
				  const char *fmt, ...)
{
	va_list args;

	if (holds)
		return;
	va_start(args, fmt);
	seq_vprintf(v->m, fmt, args);
	va_end(args);
	v->errors++;
}

#define check(v, cond, fmt, ...) \
	report(v, !!(cond), #cond ": " fmt "\n", ##__VA_ARGS__)

static void verify_slot(struct verify *v, struct ksm_tile *tile, unsigned int i)
{
	struct ksm_slot *slot;

	slot = ksm_slot(tile, i);
	check(v, slot, "tile %p page %u", tile, i);
	if (!slot)
		return;
	check(v, ksm_slot_tile(slot) == tile, "tile %p page %u", tile, i);
	check(v, ksm_slot_nr(slot) == i, "tile %p page %u", tile, i);
	if (ksm_tile_merged(tile) & BIT_ULL(i))
		check(v, !hlist_unhashed(&slot->link), "tile %p page %u", tile, i);
}

static void verify_tile(struct verify *v, struct ksm_mm *kmm, struct ksm_tile *tile)
{
	u64 used = ksm_tile_used(tile);
	int i;

	check(v, tile->owner == kmm, "tile %p", tile);
	check(v, IS_ALIGNED(tile->addr, KSM_TILE_SIZE), "tile %p", tile);
	check(v, tile->present, "tile %p", tile);
	check(v, !(used & ~tile->present), "tile %p", tile);
	for (i = 0; i < KSM_TILE_PAGES; i++)
		if (used & BIT_ULL(i))
			verify_slot(v, tile, i);

	v->tracked += hweight64(tile->present);
	v->unstable += hweight64(ksm_tile_unstable(tile));
	v->merged += hweight64(ksm_tile_merged(tile));
}

static unsigned long tile_bytes(struct ksm_tile *tile)
{
	unsigned long bytes = sizeof(*tile) + ksm_slot_block_bytes(tile->shape);

	if (tile->hints)
		bytes += sizeof(*tile->hints);
	return bytes;
}

static void verify_mm(struct verify *v, struct ksm_mm *kmm)
{
	struct mm_struct *mm = kmm->slot.mm;
	unsigned long tracked = v->tracked, merged = v->merged, bytes = 0;
	struct ksm_tile *last = NULL, *tile;

	for (tile = ksm_tile_first(kmm); tile; tile = ksm_tile_next(tile)) {
		check(v, !last || last->addr < tile->addr ||
		      (last->addr == tile->addr && last->pgoff < tile->pgoff),
		      "tile %p", tile);
		verify_tile(v, kmm, tile);
		bytes += tile_bytes(tile);
		last = tile;
		cond_resched();
	}
	check(v, mm->ksm_rmap_items == v->tracked - tracked, "mm %p: %lu, %lu",
	      mm, mm->ksm_rmap_items, v->tracked - tracked);
	check(v, mm->ksm_merging_pages == v->merged - merged, "mm %p: %lu, %lu",
	      mm, mm->ksm_merging_pages, v->merged - merged);
	check(v, kmm->bytes == bytes, "mm %p: %lu, %lu", mm, kmm->bytes, bytes);
	v->bytes += bytes;
}

static void verify_unstable(struct verify *v, struct ksm_index *index)
{
	struct ksm_slot *slot;
	u64 last = 0;

	for (slot = ksm_index_first_unstable(index); slot;
	     slot = ksm_index_next_unstable(index, slot)) {
		struct ksm_tile *tile = ksm_slot_tile(slot);

		check(v, ksm_tile_unstable(tile) & BIT_ULL(ksm_slot_nr(slot)),
		      "slot %p", slot);
		check(v, tile->owner->domain == index->domain, "slot %p", slot);
		check(v, ksm_slot_nid(slot) == index->nid, "slot %p", slot);
		check(v, ksm_slot_key(slot) >= last, "slot %p", slot);
		last = ksm_slot_key(slot);
		v->in_unstable++;
		cond_resched();
	}
}

static void verify_node(struct verify *v, struct ksm_stable *stable)
{
	struct ksm_stable *head = ksm_stable_head(stable);
	struct folio *folio;
	struct ksm_slot *slot;
	struct ksm_anchor *anchor = NULL;
	struct anon_vma *root;
	unsigned int nr = 0, sharing;
	pgoff_t pgoff;

	v->nodes++;
	v->uniform += ksm_stable_uniform(stable);
	check(v, ksm_stable_key(stable) == ksm_stable_key(head), "node %p", stable);
	check(v, ksm_stable_index(stable) == ksm_stable_index(head), "node %p", stable);

	/* Its lock keeps the list as it is; without a folio nobody walks it. */
	folio = ksm_node_get(stable, KSM_LOCK);
	hlist_for_each_entry(slot, &stable->mappings, link) {
		check(v, ksm_slot_stable(slot) == stable, "node %p slot %p",
		      stable, slot);
		check(v, ksm_tile_merged(ksm_slot_tile(slot)) & BIT_ULL(ksm_slot_nr(slot)),
		      "node %p slot %p", stable, slot);
		nr++;
	}
	v->in_stable += nr;
	sharing = nr ? nr - 1 : 0;
	while ((anchor = ksm_anchor_next(stable, anchor, &root, &pgoff)))
		nr++;
	if (folio) {
		check(v, !folio_test_large(folio), "node %p", stable);
		folio_unlock(folio);
		folio_put(folio);
	}
	check(v, nr == stable->nr, "node %p: %u, %u", stable, nr, stable->nr);
	check(v, (nr && !ksm_stable_anchored(stable)) || stable->watch,
	      "node %p", stable);
	check(v, ksm_watch_finds(stable), "node %p", stable);
	check(v, folio || !ksm_hold_held(stable), "node %p", stable);
	check(v, ksm_stable_uniform(stable) || !ksm_hold_held(stable), "node %p", stable);
	if (nr == 1 && ksm_stable_uniform(stable)) {
		v->alone++;
	} else if (nr) {
		v->shared++;
		v->sharing += sharing;
	}
}

static unsigned long bytes_of(const struct ksm_stable *stable)
{
	return sizeof(*stable) +
	       (ksm_stable_more(stable) ? sizeof(struct ksm_stable_more) : 0);
}

static void verify_content(struct verify *v, struct ksm_stable *head)
{
	struct ksm_stable *stable;
	unsigned int live = !ksm_stable_hollow(head);
	bool full = false;

	check(v, ksm_stable_head(head) == head, "node %p", head);
	if (live)
		verify_node(v, head);
	else
		check(v, !head->nr, "node %p", head);
	v->bytes += bytes_of(head);

	for (stable = ksm_stable_next_other(head); stable;
	     stable = ksm_stable_next_other(stable)) {
		check(v, ksm_stable_head(stable) == head, "node %p", stable);
		check(v, !full || stable->nr >= ksm_knobs.max_page_sharing,
		      "node %p", stable);
		full = stable->nr >= ksm_knobs.max_page_sharing;
		verify_node(v, stable);
		v->bytes += bytes_of(stable);
		live++;
		cond_resched();
	}
	check(v, ksm_stable_live(head) == live, "node %p: %u, %u", head,
	      ksm_stable_live(head), live);
	check(v, live, "node %p", head);
	if (live > 1) {
		v->chains++;
		v->dups += live;
	}
}

static void verify_stable(struct verify *v, struct ksm_index *index)
{
	struct ksm_stable *head;
	u64 last = 0;

	for (head = ksm_index_first_content(index, 0); head;
	     head = ksm_index_next_content(head)) {
		check(v, ksm_stable_index(head) == index, "node %p", head);
		check(v, ksm_stable_key(head) >= last, "node %p", head);
		last = ksm_stable_key(head);
		verify_content(v, head);
		cond_resched();
	}
}

static void verify_counters(struct verify *v)
{
	struct ksm_stats *s = &ksm_stats;

	check(v, v->tracked == s->tracked, "%lu, %lu", v->tracked, s->tracked);
	check(v, v->unstable == v->in_unstable, "%lu, %lu", v->unstable,
	      v->in_unstable);
	check(v, v->unstable == s->unshared, "%lu, %lu", v->unstable, s->unshared);
	check(v, v->merged == v->in_stable, "%lu, %lu", v->merged, v->in_stable);
	check(v, v->shared == s->shared, "%lu, %lu", v->shared, s->shared);
	check(v, v->sharing == s->sharing, "%lu, %lu", v->sharing, s->sharing);
	check(v, v->alone == s->alone, "%lu, %lu", v->alone, s->alone);
	check(v, v->uniform == s->uniform, "%lu, %lu", v->uniform, s->uniform);
	check(v, v->chains == s->chains, "%lu, %lu", v->chains, s->chains);
	check(v, v->dups == s->dups, "%lu, %lu", v->dups, s->dups);
	/* Registrations come and go without ksm_mutex. */
	check(v, v->bytes <= ksm_stats_bytes(), "%lu, %lu", v->bytes,
	      ksm_stats_bytes());
}

static int verify_show(struct seq_file *m, void *unused)
{
	struct verify v = { .m = m };
	struct ksm_mm *kmm = NULL;
	struct ksm_index *index;

	mutex_lock(&ksm_mutex);
	while ((kmm = ksm_mms_next_visited(kmm)))
		verify_mm(&v, kmm);
	for (index = ksm_domain_next_index(NULL); index;
	     index = ksm_domain_next_index(index)) {
		verify_unstable(&v, index);
		verify_stable(&v, index);
	}
	verify_counters(&v);
	mutex_unlock(&ksm_mutex);

	if (!v.errors)
		seq_puts(m, "ok\n");
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(verify);

static int __init ksm_debug_init(void)
{
	struct dentry *dir = debugfs_create_dir("ksm", NULL);

	debugfs_create_file("verify", 0400, dir, NULL, &verify_fops);
	/* To try here what other hardware has us do. */
	debugfs_create_bool("dirty_bit", 0600, dir, &ksm_change_dirty_bit);
	/* And what a large host does. */
	debugfs_create_ulong("as_they_come", 0600, dir, &ksm_scan_as_they_come);
	return 0;
}
late_initcall(ksm_debug_init);
