// SPDX-License-Identifier: GPL-2.0
/*
 * The registered processes, and the cursor that goes from one to the next.
 *
 * The list is guarded by ksm_mms_lock, so that fork and exit need not wait for
 * ksmd.  A process that the cursor never came to is freed by its own exit; of
 * any other, ksmd frees the tiles when it finds it among the dead.
 *
 * KSM holds no reference to a process's memory, only to its mm_struct.  What
 * keeps an exit from tearing down what KSM is looking at is ksm_mm::inside: whoever
 * goes into a process for KSM holds it, and an exit takes it once before it begins.
 */
#include <linux/hashtable.h>
#include <linux/maple_tree.h>
#include <linux/mmap_lock.h>
#include <linux/sched/coredump.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include <trace/events/ksm.h>

#include "internal.h"

#define KSM_MMS_HASH_BITS	10

static DEFINE_HASHTABLE(mms_hash, KSM_MMS_HASH_BITS);
static LIST_HEAD(mms);
static LIST_HEAD(dead_mms);
static bool news;		/* a process has exited */
static unsigned long registered;	/* processes so far */
static DEFINE_SPINLOCK(ksm_mms_lock);
static struct kmem_cache *mm_cache;

/* NULL before the first and after the last; written under ksm_mutex and ksm_mms_lock. */
static struct ksm_mm *cursor;

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
	/* It may have been registered before, and left while something was due. */
	kmm->unflushed_end = ULONG_MAX;
	kmm->domain = ksm_domain_global();
	/* It has come into no domain yet, in whatever turn. */
	kmm->followed = UINT_MAX;
	kmm->asked = UINT_MAX;
	INIT_LIST_HEAD(&kmm->dead);
	mutex_init(&kmm->inside);
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
	if (cursor && !(READ_ONCE(ksm_knobs.run) & KSM_RUN_UNMERGE))
		list_add_tail(&slot->mm_node, &cursor->slot.mm_node);
	else
		list_add_tail(&slot->mm_node, &mms);
	WRITE_ONCE(registered, registered + 1);
	spin_unlock(&ksm_mms_lock);

	set_bit(MMF_VM_MERGEABLE, &mm->flags);
	if (first)
		ksm_wake();
	ksm_pace_news();
	trace_ksm_enter(mm);
	return 0;
}

/* Leave a registration to ksmd, or free it if ksmd does not know it. */
static void bury(struct ksm_mm *kmm, bool visited)
{
	if (visited) {
		spin_lock(&ksm_mms_lock);
		list_add_tail(&kmm->dead, &dead_mms);
		spin_unlock(&ksm_mms_lock);
	} else {
		free_mm(kmm);
	}
	/* What ksmd does not know of may have kept a KSM folio, too. */
	if (visited || ksm_watch_any()) {
		WRITE_ONCE(news, true);
		ksm_wake();
	}
}

/**
 * ksm_mm_exit - a process exits
 * @mm: process without users, or one that never ran
 *
 * When it returns, nobody is in the process for KSM, or will go there again.
 *
 * Context: may sleep; waits for no more than ksm_mm_leave() of who is there.
 */
void ksm_mm_exit(struct mm_struct *mm)
{
	struct ksm_mm *kmm;
	bool visited = false;

	spin_lock(&ksm_mms_lock);
	kmm = lookup(mm);
	if (kmm) {
		WRITE_ONCE(kmm->exiting, true);
		hash_del(&kmm->slot.hash);
		visited = kmm->visited;
		if (!visited)
			list_del(&kmm->slot.mm_node);
	}
	spin_unlock(&ksm_mms_lock);

	clear_bit(MMF_VM_MERGEABLE, &mm->flags);
	if (kmm) {
		if (visited) {
			mutex_lock(&kmm->inside);
			mutex_unlock(&kmm->inside);
		}
		bury(kmm, visited);
	}
	trace_ksm_exit(mm);
}

/**
 * ksm_mm_enter - keep a process from exiting for a moment
 * @kmm: process
 *
 * Its VMAs may be looked up and locked, and its page tables walked, until
 * ksm_mm_leave().  Who stays for longer looks at ksm_mm_exiting() now and then.
 *
 * Context: ksm_mutex held.  May be called for a second process, as it never waits.
 * Return: false if the process exits or has exited.
 */
bool ksm_mm_enter(struct ksm_mm *kmm)
{
	if (READ_ONCE(kmm->exiting) || !mutex_trylock(&kmm->inside))
		return false;
	if (!READ_ONCE(kmm->exiting))
		return true;
	mutex_unlock(&kmm->inside);
	return false;
}

/**
 * ksm_mm_leave - undo ksm_mm_enter()
 * @kmm: process
 */
void ksm_mm_leave(struct ksm_mm *kmm)
{
	mutex_unlock(&kmm->inside);
}

/**
 * ksm_mm_unregister_idle - forget a process that has nothing to merge any more
 * @kmm: process in which ksmd has found no mergeable VMA
 *
 * Context: ksm_mutex held, between ksm_mm_enter() and ksm_mm_leave().
 */
void ksm_mm_unregister_idle(struct ksm_mm *kmm)
{
	struct mm_struct *mm = kmm->slot.mm;
	bool idle;

	if (test_bit(MMF_VM_MERGE_ANY, &mm->flags) || !mmap_read_trylock(mm))
		return;
	/* mmap_lock keeps madvise() away from VMAs and flag. */
	idle = !ksm_process_mergeable(mm);
	if (idle) {
		spin_lock(&ksm_mms_lock);
		/* Else its exit is waiting for us, and takes care of it. */
		idle = !kmm->exiting;
		if (idle)
			hash_del(&kmm->slot.hash);
		spin_unlock(&ksm_mms_lock);
	}
	if (idle) {
		clear_bit(MMF_VM_MERGEABLE, &mm->flags);
		bury(kmm, true);
		trace_ksm_exit(mm);
	}
	mmap_read_unlock(mm);
}

/**
 * ksm_mms_current - tell where the cursor is
 *
 * Context: ksm_mutex held.
 * Return: process, or NULL before the first and after the last.
 */
struct ksm_mm *ksm_mms_current(void)
{
	return cursor;
}

/* The one after @kmm, or the first; NULL after the last. */
static struct ksm_mm *after(struct ksm_mm *kmm)
{
	struct list_head *next = kmm ? kmm->slot.mm_node.next : mms.next;

	return next == &mms ? NULL : list_entry(next, struct ksm_mm, slot.mm_node);
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
	spin_lock(&ksm_mms_lock);
	cursor = after(cursor);
	if (cursor)
		cursor->visited = true;
	spin_unlock(&ksm_mms_lock);
	return cursor;
}

/**
 * ksm_mms_rewind - move the cursor before the first process
 *
 * Context: ksm_mutex held.
 */
void ksm_mms_rewind(void)
{
	spin_lock(&ksm_mms_lock);
	cursor = NULL;
	spin_unlock(&ksm_mms_lock);
}

/**
 * ksm_mm_find - find the registration of a process
 * @mm: process
 *
 * Context: ksm_mutex held.
 * Return: the registration if the cursor has been there, or NULL.
 */
struct ksm_mm *ksm_mm_find(struct mm_struct *mm)
{
	struct ksm_mm *kmm;

	spin_lock(&ksm_mms_lock);
	kmm = lookup(mm);
	if (kmm && !kmm->visited)
		kmm = NULL;
	spin_unlock(&ksm_mms_lock);
	return kmm;
}

/**
 * ksm_mm_visit - find a process, to keep track of its pages before its turn comes
 * @mm: process
 *
 * Context: ksm_mutex held, or mmap_lock of @mm for writing: from then on only ksmd frees it.
 * Return: the process, or NULL if it is not registered or has exited.
 */
struct ksm_mm *ksm_mm_visit(struct mm_struct *mm)
{
	struct ksm_mm *kmm;

	spin_lock(&ksm_mms_lock);
	kmm = lookup(mm);
	if (kmm)
		kmm->visited = true;
	spin_unlock(&ksm_mms_lock);
	return kmm;
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
	spin_lock(&ksm_mms_lock);
	do {
		kmm = after(kmm);
	} while (kmm && !kmm->visited);
	spin_unlock(&ksm_mms_lock);
	return kmm;
}

/**
 * ksm_mms_next_registered - walk all processes, visited or not
 * @kmm: the one before, or NULL
 *
 * Context: ksm_mutex held: from then on only ksmd frees the process.
 * Return: next process, NULL after the last.
 */
struct ksm_mm *ksm_mms_next_registered(struct ksm_mm *kmm)
{
	spin_lock(&ksm_mms_lock);
	kmm = after(kmm);
	if (kmm)
		kmm->visited = true;
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
 * ksm_mms_registered - tell how often a process has been registered so far
 *
 * Return: how often; a hint unless ksm_mms_lock is held.
 */
unsigned long ksm_mms_registered(void)
{
	return READ_ONCE(registered);
}

/**
 * ksm_mms_news - tell whether a process has exited since ksm_mms_no_news()
 *
 * Return: true if so; a hint.
 */
bool ksm_mms_news(void)
{
	return READ_ONCE(news);
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
 * ksm_mms_no_news - forget that processes have exited
 */
void ksm_mms_no_news(void)
{
	WRITE_ONCE(news, false);
}

/**
 * ksm_mms_first_dead - find a dead process that is to be freed now
 *
 * Not while its exit is still unmapping: what it maps would be looked at as if somebody
 * else were to keep it.
 *
 * Context: ksm_mutex held.
 * Return: process, or NULL.
 */
struct ksm_mm *ksm_mms_first_dead(void)
{
	struct ksm_mm *kmm, *found = NULL;

	spin_lock(&ksm_mms_lock);
	list_for_each_entry(kmm, &dead_mms, dead) {
		if (!kmm->exiting || mtree_empty(&kmm->slot.mm->mm_mt)) {
			found = kmm;
			break;
		}
	}
	spin_unlock(&ksm_mms_lock);
	return found;
}

/**
 * ksm_mms_free_dead - free a dead process
 * @kmm: process without tiles
 *
 * Context: ksm_mutex held.
 */
void ksm_mms_free_dead(struct ksm_mm *kmm)
{
	if (kmm == cursor)
		ksm_mms_next();
	ksm_domain_put(kmm->domain);
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
 * ksm_mm_merged_now - tell how many page frames the last ksm_merge_now() has freed
 * @mm: process
 *
 * Return: how many, so far if it goes on; 0 if the process is not registered.
 */
long ksm_mm_merged_now(struct mm_struct *mm)
{
	struct ksm_mm *kmm;
	long freed = 0;

	spin_lock(&ksm_mms_lock);
	kmm = lookup(mm);
	if (kmm)
		freed = READ_ONCE(kmm->merged_now);
	spin_unlock(&ksm_mms_lock);
	return freed;
}

/**
 * ksm_mms_init - set up the cache of registrations
 *
 * Return: 0 or -ENOMEM.
 */
int __init ksm_mms_init(void)
{
	mm_cache = kmem_cache_create("ksm_mm", sizeof(struct ksm_mm), 0, 0, NULL);
	return mm_cache ? 0 : -ENOMEM;
}
