// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel Samepage Merging: finds anonymous pages of equal content and keeps one
 * read-only copy of them.
 *
 * This is the front door: what the rest of the kernel calls, and ksmd.  The rooms
 * behind it are in mm/ksm/, their interfaces and the lock order in mm/ksm/ksm.h,
 * and the design in Documentation/mm/ksm.rst.
 */
#include <linux/freezer.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/ksm.h>
#include <linux/memory.h>
#include <linux/mman.h>
#include <linux/mmap_lock.h>
#include <linux/sched/coredump.h>
#include <linux/wait.h>
#include <linux/wait_bit.h>

#include "ksm/advisor.h"
#include "ksm/ksm.h"

#define CREATE_TRACE_POINTS
#include <trace/events/ksm.h>

/* See the lock order in ksm/ksm.h. */
DEFINE_MUTEX(ksm_mutex);

struct ksm_knobs ksm_knobs = {
	/* Without sysfs nobody could start it. */
	.run = IS_ENABLED(CONFIG_SYSFS) ? KSM_RUN_STOP : KSM_RUN_MERGE,
	.pages_to_scan = KSM_PAGES_TO_SCAN_DEFAULT,
	.sleep_millisecs = 20,
	.max_page_sharing = 256,
	.prune_millisecs = 2000,
	.thp_split_threshold = 1,
	.merge_across_nodes = true,
	.smart_scan = true,
};

static DECLARE_WAIT_QUEUE_HEAD(ksmd_wait);

/* There may be something to do: ksmd is to reckon anew how long it may sleep. */
static bool woken;

/* Counts what ends the pause between two batches. */
static unsigned int kicks;

/* What ksmd does beside scanning: when it is due next, and how often. */
#define KSMD_RESUME_MSECS	20U
#define KSMD_REAP_JIFFIES	max(HZ / 100, 1)
#define KSMD_WATCH_JIFFIES	max(HZ / 4, 1)
#define KSMD_MAX_WATCH_JIFFIES	(64 * HZ)
#define KSMD_WATCH_VISITS	(64 * 1024)

/* Not so long that a time to come can be mistaken for one that has been. */
#define KSMD_MAX_SLEEP_JIFFIES	(24 * 3600 * HZ)

/**
 * ksm_wake - tell ksmd that there may be something to do
 *
 * Does not end its pause between two batches.
 */
void ksm_wake(void)
{
	WRITE_ONCE(woken, true);
	wake_up_interruptible(&ksmd_wait);
}

/**
 * ksm_kick - tell ksmd that there is something new to find
 *
 * Ends its pause between two batches.
 */
void ksm_kick(void)
{
	WRITE_ONCE(kicks, kicks + 1);
	ksm_wake();
}

static bool should_scan(void)
{
	return (READ_ONCE(ksm_knobs.run) & KSM_RUN_MERGE) &&
	       READ_ONCE(ksm_knobs.pages_to_scan) && !ksm_mms_empty();
}

/* ksmd's clock; nobody else looks at it. */
static struct {
	unsigned long batch;		/* jiffies: when the next one is due */
	unsigned int msecs;		/* the pause that it was reckoned with */
	unsigned int kicks;
	bool watching;			/* there were watched nodes */
	unsigned long watch;		/* jiffies: when to look at them */
	unsigned long watch_interval;
} clock;

static bool batch_is_due(void)
{
	return should_scan() && ksm_secret_drawn &&
	       (clock.kicks != READ_ONCE(kicks) ||
		clock.msecs != READ_ONCE(ksm_knobs.sleep_millisecs) ||
		time_after_eq(jiffies, clock.batch));
}

static void do_batch(void)
{
	unsigned int pause;

	clock.kicks = READ_ONCE(kicks);
	clock.msecs = READ_ONCE(ksm_knobs.sleep_millisecs);
	pause = clock.msecs;
	/* A long pause is not to begin because of somebody who was there for a moment. */
	if (!ksm_scan_batch(ksm_knobs.pages_to_scan))
		pause = min(pause, KSMD_RESUME_MSECS);
	clock.batch = jiffies + msecs_to_jiffies(pause);
}

/* Nodes that wait for their folio to go: often after an exit, else ever more rarely. */
static void do_watch(void)
{
	struct ksm_budget budget = {
		.reads = 1,
		.visits = KSMD_WATCH_VISITS,
	};

	if (time_before(jiffies, clock.watch))
		return;
	if (ksm_watch_round(&budget))
		clock.watch_interval = min(2 * clock.watch_interval,
					   KSMD_MAX_WATCH_JIFFIES);
	clock.watch = jiffies + clock.watch_interval;
}

static long time_to_sleep(void)
{
	unsigned long next = jiffies + KSMD_MAX_SLEEP_JIFFIES;

	if (should_scan() && time_before(clock.batch, next))
		next = clock.batch;
	if (ksm_watching() && time_before(clock.watch, next))
		next = clock.watch;
	/* An exit that has not come to its end. */
	if (ksm_mms_dead() && time_before(jiffies + KSMD_REAP_JIFFIES, next))
		next = jiffies + KSMD_REAP_JIFFIES;
	return time_after(next, jiffies) ? next - jiffies : 0;
}

/* An exit may have left nodes to be looked at: soon, and not later for each of many. */
static void watch_soon(void)
{
	unsigned long soon = jiffies + KSMD_WATCH_JIFFIES;

	clock.watch_interval = KSMD_WATCH_JIFFIES;
	if (!clock.watching || time_after(clock.watch, soon))
		clock.watch = soon;
}

static int ksmd(void *unused)
{
	set_freezable();
	set_user_nice(current, 5);
	clock.batch = jiffies;
	clock.watch = jiffies;
	clock.watch_interval = KSMD_WATCH_JIFFIES;

	while (!kthread_should_stop()) {
		bool more;

		/* Before anything is looked at: what comes after that is seen next time. */
		smp_store_mb(woken, false);
		if (time_before(clock.batch, jiffies))
			clock.batch = jiffies;
		if (should_scan())
			ksm_fingerprint_draw();
		mutex_lock(&ksm_mutex);
		if (ksm_wanted())
			ksm_give_way();
		ksm_wait_while_offlining();
		if (ksm_mms_news() || (ksm_watching() && !clock.watching))
			watch_soon();
		clock.watching = ksm_watching();
		/* Reaping must not add scanning: one batch for each pause. */
		more = ksm_reap_dead();
		if (!more && batch_is_due())
			do_batch();
		else if (!more && ksm_watching())
			do_watch();
		mutex_unlock(&ksm_mutex);

		cond_resched();
		/* A timeout of zero never reaches the freezer. */
		try_to_freeze();
		if (!more)
			wait_event_freezable_timeout(ksmd_wait, READ_ONCE(woken) ||
						     batch_is_due() ||
						     kthread_should_stop(),
						     time_to_sleep());
	}
	return 0;
}

static void add_vma(struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_MERGEABLE) && ksm_vma_compatible(vma))
		vm_flags_set(vma, VM_MERGEABLE);
}

static void add_vmas(struct mm_struct *mm)
{
	VMA_ITERATOR(vmi, mm, 0);
	struct vm_area_struct *vma;

	for_each_vma(vmi, vma)
		add_vma(vma);
}

/* Keeps ksmd away from the VMA until mmap_lock is released. */
static int unmerge(struct vm_area_struct *vma, unsigned long start,
		   unsigned long end)
{
	vma_start_write(vma);
	return vma->anon_vma ? ksm_break_range(vma, start, end) : 0;
}

static int del_vmas(struct mm_struct *mm)
{
	VMA_ITERATOR(vmi, mm, 0);
	struct vm_area_struct *vma;

	for_each_vma(vmi, vma) {
		int err;

		if (!(vma->vm_flags & VM_MERGEABLE))
			continue;
		err = unmerge(vma, vma->vm_start, vma->vm_end);
		if (err)
			return err;
		vm_flags_clear(vma, VM_MERGEABLE);
	}
	return 0;
}

/* Has the process all its memory merged?  fork may have failed to register it. */
static bool merges_any(struct mm_struct *mm)
{
	if (!test_bit(MMF_VM_MERGE_ANY, &mm->flags))
		return false;
	if (!test_bit(MMF_VM_MERGEABLE, &mm->flags))
		ksm_mm_register(mm);
	return true;
}

/**
 * ksm_vma_flags - choose the flags of a mapping that is about to be made
 * @mm: process
 * @file: file that it maps, or NULL
 * @vm_flags: flags so far
 *
 * Early, so that the new VMA can be merged with its neighbours.  A file's mmap()
 * may still change the flags: ksm_add_vma() sees to these mappings.
 *
 * Context: mmap_lock held for writing.
 * Return: flags, with VM_MERGEABLE if all memory of @mm is to be merged.
 */
vm_flags_t ksm_vma_flags(struct mm_struct *mm, const struct file *file,
			 vm_flags_t vm_flags)
{
	if (!file && ksm_flags_compatible(vm_flags) && merges_any(mm))
		vm_flags |= VM_MERGEABLE;
	return vm_flags;
}

/**
 * ksm_add_vma - mark a new VMA of a process that has all its memory merged
 * @vma: VMA
 *
 * Context: mmap_lock held for writing.
 */
void ksm_add_vma(struct vm_area_struct *vma)
{
	if (merges_any(vma->vm_mm))
		add_vma(vma);
}

/**
 * ksm_enable_merge_any - have all memory of a process merged, now and later
 * @mm: process
 *
 * Context: mmap_lock held for writing.
 * Return: 0 or -ENOMEM.
 */
int ksm_enable_merge_any(struct mm_struct *mm)
{
	int err;

	if (test_bit(MMF_VM_MERGE_ANY, &mm->flags))
		return 0;
	if (!test_bit(MMF_VM_MERGEABLE, &mm->flags)) {
		err = ksm_mm_register(mm);
		if (err)
			return err;
	}
	set_bit(MMF_VM_MERGE_ANY, &mm->flags);
	add_vmas(mm);
	return 0;
}

/**
 * ksm_disable_merge_any - undo ksm_enable_merge_any(), and unmerge all
 * @mm: process
 *
 * Context: mmap_lock held for writing.
 * Return: 0, -ENOMEM or -ERESTARTSYS; on error all memory stays mergeable.
 */
int ksm_disable_merge_any(struct mm_struct *mm)
{
	int err;

	if (!test_bit(MMF_VM_MERGE_ANY, &mm->flags))
		return 0;
	err = del_vmas(mm);
	if (err) {
		add_vmas(mm);
		return err;
	}
	clear_bit(MMF_VM_MERGE_ANY, &mm->flags);
	return 0;
}

/**
 * ksm_disable - unmerge a process, whichever way it opted in
 * @mm: process
 *
 * Context: mmap_lock held for writing.
 * Return: 0, -ENOMEM or -ERESTARTSYS.
 */
int ksm_disable(struct mm_struct *mm)
{
	mmap_assert_write_locked(mm);

	if (!test_bit(MMF_VM_MERGEABLE, &mm->flags))
		return 0;
	if (test_bit(MMF_VM_MERGE_ANY, &mm->flags))
		return ksm_disable_merge_any(mm);
	return del_vmas(mm);
}

/**
 * ksm_madvise - opt a range in or out
 * @vma: VMA
 * @start: first address, in @vma
 * @end: end of the range, in @vma
 * @advice: MADV_MERGEABLE or MADV_UNMERGEABLE
 * @vm_flags: flags that the range is to have
 *
 * After MADV_UNMERGEABLE every page of the range is the process's own.
 *
 * Context: mmap_lock held for writing.
 * Return: 0, -ENOMEM or -ERESTARTSYS; on error @vm_flags is as it was.
 */
int ksm_madvise(struct vm_area_struct *vma, unsigned long start,
		unsigned long end, int advice, unsigned long *vm_flags)
{
	struct mm_struct *mm = vma->vm_mm;
	int err;

	switch (advice) {
	case MADV_MERGEABLE:
		if ((vma->vm_flags & VM_MERGEABLE) || !ksm_vma_compatible(vma))
			return 0;
		if (!test_bit(MMF_VM_MERGEABLE, &mm->flags)) {
			err = ksm_mm_register(mm);
			if (err)
				return err;
		}
		*vm_flags |= VM_MERGEABLE;
		break;

	case MADV_UNMERGEABLE:
		if (!(*vm_flags & VM_MERGEABLE))
			return 0;
		err = unmerge(vma, start, end);
		if (err)
			return err;
		*vm_flags &= ~VM_MERGEABLE;
		break;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(ksm_madvise);

/**
 * ksm_process_mergeable - tell whether a process has anything to merge
 * @mm: process
 *
 * Context: mmap_lock held.
 * Return: true if a VMA is mergeable.
 */
bool ksm_process_mergeable(struct mm_struct *mm)
{
	VMA_ITERATOR(vmi, mm, 0);
	struct vm_area_struct *vma;

	mmap_assert_locked(mm);
	for_each_vma(vmi, vma)
		if (vma->vm_flags & VM_MERGEABLE)
			return true;
	return false;
}

/**
 * __ksm_enter - register a process
 * @mm: process, not registered yet
 *
 * Context: mmap_lock held for writing.
 * Return: 0 or -ENOMEM.
 */
int __ksm_enter(struct mm_struct *mm)
{
	return ksm_mm_register(mm);
}

/**
 * __ksm_exit - a registered process exits
 * @mm: process without users, or one that never ran
 */
void __ksm_exit(struct mm_struct *mm)
{
	ksm_mm_exit(mm);
}

#ifdef CONFIG_MEMORY_HOTREMOVE
/**
 * ksm_wait_while_offlining - wait until no memory is being taken offline
 *
 * Context: ksm_mutex held; dropped while it waits.
 */
void ksm_wait_while_offlining(void)
{
	while (ksm_knobs.run & KSM_RUN_OFFLINE) {
		mutex_unlock(&ksm_mutex);
		wait_on_bit(&ksm_knobs.run, KSM_RUN_OFFLINE_BIT,
			    TASK_UNINTERRUPTIBLE);
		mutex_lock(&ksm_mutex);
	}
}

static void stop_offlining(void)
{
	mutex_lock(&ksm_mutex);
	clear_bit(KSM_RUN_OFFLINE_BIT, &ksm_knobs.run);
	mutex_unlock(&ksm_mutex);
	/* Orders the bit before the look for waiters. */
	smp_mb__after_atomic();
	wake_up_bit(&ksm_knobs.run, KSM_RUN_OFFLINE_BIT);
}

/* From GOING_OFFLINE on, ksmd stays away from nodes whose frames may vanish. */
static int memory_callback(struct notifier_block *self, unsigned long action,
			   void *arg)
{
	struct memory_notify *notify = arg;

	switch (action) {
	case MEM_GOING_OFFLINE:
		ksm_lock_soon();
		set_bit(KSM_RUN_OFFLINE_BIT, &ksm_knobs.run);
		mutex_unlock(&ksm_mutex);
		break;
	case MEM_OFFLINE:
		ksm_lock_soon();
		ksm_stable_offline(notify->start_pfn,
				   notify->start_pfn + notify->nr_pages);
		mutex_unlock(&ksm_mutex);
		stop_offlining();
		break;
	case MEM_CANCEL_OFFLINE:
		stop_offlining();
		break;
	}
	return NOTIFY_OK;
}
#else
void ksm_wait_while_offlining(void)
{
}
#endif

static int __init ksm_init(void)
{
	struct task_struct *thread;
	int err;

	ksm_fingerprint_init();
	ksm_visit_init();
	err = ksm_domain_init() ?: ksm_stable_init() ?: ksm_anchor_init() ?:
	      ksm_slot_init() ?: ksm_tile_init() ?: ksm_registry_init();
	if (err)
		goto fail;
	ksm_advisor_set_mode(KSM_ADVISOR_NONE);

	thread = kthread_run(ksmd, NULL, "ksmd");
	if (IS_ERR(thread)) {
		err = PTR_ERR(thread);
		goto fail;
	}
	err = ksm_sysfs_init();
	if (err) {
		kthread_stop(thread);
		goto fail;
	}
#ifdef CONFIG_MEMORY_HOTREMOVE
	hotplug_memory_notifier(memory_callback, KSM_CALLBACK_PRI);
#endif
	return 0;
fail:
	pr_err("ksm: not available, error %d\n", err);
	return err;
}
subsys_initcall(ksm_init);
