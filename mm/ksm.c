// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel Samepage Merging: finds anonymous pages of equal content and keeps one
 * read-only copy of them.
 *
 * This is the front door: what the rest of the kernel calls.  The rooms
 * behind it are in mm/ksm/, their interfaces and the lock order in mm/ksm/internal.h,
 * and the design in Documentation/mm/ksm/.
 */
#include <linux/init.h>
#include <linux/ksm.h>
#include <linux/mman.h>
#include <linux/mmap_lock.h>
#include <linux/sched/coredump.h>
#include <linux/string.h>

#include "ksm/fresh.h"
#include "ksm/internal.h"

/* The boot parameter ksm=off: nothing is merged, and nobody can change that. */
static bool ksm_off __ro_after_init;

static int __init ksm_setup(char *value)
{
	if (!value || strcmp(value, "off")) {
		pr_warn("ksm: of this boot parameter there is ksm=off only\n");
		return -EINVAL;
	}
	ksm_off = true;
	return 0;
}
early_param("ksm", ksm_setup);

static void add_vma(struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_MERGEABLE) && ksm_eligible_to_mark(vma))
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
	return vma->anon_vma ? ksm_unmerge_range(vma, start, end) : 0;
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
	if (!file && ksm_eligible_flags(vm_flags) && merges_any(mm))
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
 * Return: 0, -ENOMEM, or -EINVAL after boot with ksm=off.
 */
int ksm_enable_merge_any(struct mm_struct *mm)
{
	int err;

	if (ksm_off)
		return -EINVAL;
	if (test_bit(MMF_VM_MERGE_ANY, &mm->flags))
		return 0;
	if (!test_bit(MMF_VM_MERGEABLE, &mm->flags)) {
		err = ksm_mm_register(mm);
		if (err)
			return err;
	}
	set_bit(MMF_VM_MERGE_ANY, &mm->flags);
	add_vmas(mm);
	ksm_fresh_add(mm, 0, ULONG_MAX);
	ksm_pace_news();
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
 * Return: 0, -ENOMEM, -ERESTARTSYS, or -EINVAL after boot with ksm=off; on error
 *	   @vm_flags is as it was.
 */
int ksm_madvise(struct vm_area_struct *vma, unsigned long start,
		unsigned long end, int advice, unsigned long *vm_flags)
{
	struct mm_struct *mm = vma->vm_mm;
	int err;

	switch (advice) {
	case MADV_MERGEABLE:
		if (ksm_off)
			return -EINVAL;
		if ((vma->vm_flags & VM_MERGEABLE) || !ksm_eligible_to_mark(vma))
			return 0;
		if (!test_bit(MMF_VM_MERGEABLE, &mm->flags)) {
			err = ksm_mm_register(mm);
			if (err)
				return err;
		}
		*vm_flags |= VM_MERGEABLE;
		ksm_fresh_add(mm, start, end);
		ksm_pace_news();
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

static int __init ksm_init(void)
{
	int err;

	ksm_fingerprint_init();
	ksm_change_init();
	err = ksm_domain_init() ?: ksm_stable_init() ?: ksm_anchor_init() ?:
	      ksm_block_init() ?: ksm_tile_init() ?: ksm_mms_init() ?: ksm_cgroup_init();
	if (err)
		goto fail;
	if (ksm_off) {
		pr_info("ksm: off\n");
		return 0;
	}

	err = ksmd_start();
	if (err)
		goto fail;
	err = ksm_shrink_init() ?: ksm_sysfs_init();
	if (err) {
		ksmd_stop();
		goto fail;
	}
	ksm_offline_init();
	ksm_pressure_init();
	return 0;
fail:
	pr_err("ksm: not available, error %d\n", err);
	return err;
}
subsys_initcall(ksm_init);
