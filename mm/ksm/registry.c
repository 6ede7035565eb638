// SPDX-License-Identifier: GPL-2.0
/*
 * The registered processes, and the cursor that goes from one to the next.
 *
 * The list is guarded by ksm_mms_lock, so that fork and exit need not wait for
 * ksmd.  A process that the cursor never came to is freed by its own exit; of
 * any other, ksmd frees the tiles when it finds it among the dead.
 */
#include <linux/hashtable.h>
#include <linux/mmap_lock.h>
#include <linux/sched/coredump.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include <trace/events/ksm.h>

#include "ksm.h"

#define KSM_MMS_HASH_BITS	10

/* Tiles of dead processes to free before ksm_mutex is dropped for a moment. */
#define KSM_REAP_TILES		1024

static DEFINE_HASHTABLE(mms_hash, KSM_MMS_HASH_BITS);
static LIST_HEAD(mms);
static LIST_HEAD(dead_mms);
static DEFINE_SPINLOCK(ksm_mms_lock);
static struct kmem_cache *mm_cache;

/* Written under ksm_mutex and ksm_mms_lock both. */
static struct {
	struct ksm_mm *kmm;	/* NULL before the first and after the last */
	unsigned long addr;
} cursor;

static void free_mm(struct ksm_mm *kmm)
{
	struct mm_struct *mm = kmm->slot.mm;

	atomic_long_sub(sizeof(*kmm), &ksm_stats.bytes);
	mm_slot_free(mm_cache, kmm);
	mmdrop(mm);
}

static struct ksm_mm *lookup(struct mm_struct *mm)
{
	struct mm_slot *slot = mm_slot_lookup(mms_hash, mm);

	return slot ? mm_slot_entry(slot, struct ksm_mm, slot) : NULL;
}

/**
 * ksm_mm_register - make a process known to ksmd
 * @mm: process, not yet registered
 *
 * Context: mmap_lock of @mm held for writing, may sleep.
 * Return: 0 or -ENOMEM.
 */
int ksm_mm_register(struct mm_struct *mm)
{
	struct ksm_mm *kmm = mm_slot_alloc(mm_cache);
	struct mm_slot *slot;
	bool first;

	if (!kmm)
		return -ENOMEM;
	slot = &kmm->slot;
	kmm->tiles = RB_ROOT;
	kmm->domain = ksm_domain_of(mm);
	INIT_LIST_HEAD(&kmm->dead);
	atomic_long_add(sizeof(*kmm), &ksm_stats.bytes);
	mmgrab(mm);

	spin_lock(&ksm_mms_lock);
	first = list_empty(&mms);
	mm_slot_insert(mms_hash, mm, slot);
	/*
	 * Behind the cursor, so that what a fork leaves has time to settle or to
	 * exec.  While everything is being unmerged, before the end: it may have
	 * inherited KSM pages.
	 */
	if (cursor.kmm && !(READ_ONCE(ksm_knobs.run) & KSM_RUN_UNMERGE))
		list_add_tail(&slot->mm_node, &cursor.kmm->slot.mm_node);
	else
		list_add_tail(&slot->mm_node, &mms);
	spin_unlock(&ksm_mms_lock);

	set_bit(MMF_VM_MERGEABLE, &mm->flags);
	if (first)
		ksm_wake();
	trace_ksm_enter(mm);
	return 0;
}

/**
 * ksm_mm_exit - a process exits
 * @mm: process without users, or one that never ran
 *
 * Context: may sleep; takes no lock that ksmd holds for long.
 */
void ksm_mm_exit(struct mm_struct *mm)
{
	struct ksm_mm *kmm;
	bool visited = false;

	spin_lock(&ksm_mms_lock);
	kmm = lookup(mm);
	if (kmm) {
		hash_del(&kmm->slot.hash);
		visited = kmm->visited;
		if (visited)
			list_add_tail(&kmm->dead, &dead_mms);
		else
			list_del(&kmm->slot.mm_node);
	}
	spin_unlock(&ksm_mms_lock);

	clear_bit(MMF_VM_MERGEABLE, &mm->flags);
	if (visited)
		ksm_wake();
	else if (kmm)
		free_mm(kmm);
	trace_ksm_exit(mm);
}

/**
 * ksm_mm_unregister_idle - forget a process that has nothing to merge any more
 * @mm: process in which ksmd has found no mergeable VMA
 *
 * Context: ksm_mutex held, @mm has users.
 */
void ksm_mm_unregister_idle(struct mm_struct *mm)
{
	if (test_bit(MMF_VM_MERGE_ANY, &mm->flags) || !mmap_read_trylock(mm))
		return;
	/* mmap_lock keeps madvise() away from VMAs and flag. */
	if (!ksm_process_mergeable(mm))
		ksm_mm_exit(mm);
	mmap_read_unlock(mm);
}

/**
 * ksm_mms_current - tell where the cursor is
 * @addr: set to where its address is kept
 *
 * Context: ksm_mutex held.
 * Return: process, or NULL before the first and after the last.
 */
struct ksm_mm *ksm_mms_current(unsigned long **addr)
{
	*addr = &cursor.addr;
	return cursor.kmm;
}

/**
 * ksm_mms_next - move the cursor on
 *
 * Context: ksm_mutex held.
 * Return: the next process, the first if the cursor was at none; NULL if there is
 *	   none.
 */
struct ksm_mm *ksm_mms_next(void)
{
	struct list_head *next;

	spin_lock(&ksm_mms_lock);
	next = cursor.kmm ? cursor.kmm->slot.mm_node.next : mms.next;
	cursor.kmm = next == &mms ? NULL :
		     list_entry(next, struct ksm_mm, slot.mm_node);
	cursor.addr = 0;
	if (cursor.kmm)
		cursor.kmm->visited = true;
	spin_unlock(&ksm_mms_lock);
	return cursor.kmm;
}

/**
 * ksm_mms_rewind - move the cursor before the first process
 *
 * Context: ksm_mutex held.
 */
void ksm_mms_rewind(void)
{
	spin_lock(&ksm_mms_lock);
	cursor.kmm = NULL;
	cursor.addr = 0;
	spin_unlock(&ksm_mms_lock);
}

/**
 * ksm_mms_next_visited - walk the processes that may have tiles
 * @kmm: the one before, or NULL
 *
 * Context: ksm_mutex held: it keeps what the cursor has visited.
 * Return: next process, NULL after the last.
 */
struct ksm_mm *ksm_mms_next_visited(struct ksm_mm *kmm)
{
	struct list_head *pos = kmm ? &kmm->slot.mm_node : &mms;

	spin_lock(&ksm_mms_lock);
	do {
		pos = pos->next;
		kmm = pos == &mms ? NULL :
		      list_entry(pos, struct ksm_mm, slot.mm_node);
	} while (kmm && !kmm->visited);
	spin_unlock(&ksm_mms_lock);
	return kmm;
}

/**
 * ksm_mms_empty - tell whether no process is registered
 *
 * Return: true if so; a hint unless ksm_mms_lock is held.
 */
bool ksm_mms_empty(void)
{
	return list_empty(&mms);
}

/**
 * ksm_mms_dead - tell whether dead processes wait to be freed
 *
 * Return: true if so; a hint unless ksm_mms_lock is held.
 */
bool ksm_mms_dead(void)
{
	return !list_empty(&dead_mms);
}

/**
 * ksm_reap_dead - free what is known about dead processes
 *
 * Context: ksm_mutex held, may sleep.
 */
void ksm_reap_dead(void)
{
	struct ksm_mm *kmm;

	spin_lock(&ksm_mms_lock);
	kmm = list_first_entry_or_null(&dead_mms, struct ksm_mm, dead);
	spin_unlock(&ksm_mms_lock);
	if (!kmm || !ksm_forget_mm(kmm, KSM_REAP_TILES))
		return;

	if (kmm == cursor.kmm)
		ksm_mms_next();
	spin_lock(&ksm_mms_lock);
	list_del(&kmm->dead);
	list_del(&kmm->slot.mm_node);
	spin_unlock(&ksm_mms_lock);
	free_mm(kmm);
}

/**
 * ksm_mm_bytes - tell how much memory KSM uses for a process
 * @mm: process
 *
 * Return: bytes; 0 if it is not registered.
 */
unsigned long ksm_mm_bytes(struct mm_struct *mm)
{
	struct ksm_mm *kmm;
	unsigned long bytes = 0;

	spin_lock(&ksm_mms_lock);
	kmm = lookup(mm);
	if (kmm)
		bytes = READ_ONCE(kmm->bytes) + sizeof(*kmm);
	spin_unlock(&ksm_mms_lock);
	return bytes;
}

/**
 * ksm_registry_init - set up the cache of registrations
 *
 * Return: 0 or -ENOMEM.
 */
int __init ksm_registry_init(void)
{
	mm_cache = kmem_cache_create("ksm_mm", sizeof(struct ksm_mm), 0, 0, NULL);
	return mm_cache ? 0 : -ENOMEM;
}
