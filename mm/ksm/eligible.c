// SPDX-License-Identifier: GPL-2.0
/*
 * What may be merged: flags, VMAs, processes; folios and pages in pte.h.
 */
#include <linux/dax.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>

#include "internal.h"

/**
 * ksm_eligible_flags - tell whether pages of such a VMA may be merged at all
 * @vm_flags: flags of the VMA
 *
 * Return: false if it is shared, special, or not made of ordinary pages.
 */
bool ksm_eligible_flags(vm_flags_t vm_flags)
{
	vm_flags_t refused = VM_SHARED | VM_MAYSHARE | VM_PFNMAP | VM_IO |
			     VM_DONTEXPAND | VM_HUGETLB | VM_MIXEDMAP |
			     VM_DROPPABLE | VM_SHADOW_STACK;

#ifdef VM_SAO
	refused |= VM_SAO;
#endif
#ifdef VM_SPARC_ADI
	refused |= VM_SPARC_ADI;
#endif
	return !(vm_flags & refused);
}

/**
 * ksm_eligible_to_mark - tell whether pages of a VMA may be merged at all
 * @vma: VMA
 *
 * Return: true if its flags are compatible and it maps no DAX file.
 */
bool ksm_eligible_to_mark(struct vm_area_struct *vma)
{
	return ksm_eligible_flags(vma->vm_flags) && !vma_is_dax(vma);
}

/**
 * ksm_eligible_vma - tell whether pages of a VMA may be merged now
 * @vma: VMA, locked, or found under RCU and then only a hint
 *
 * Return: true if it is marked and may hold anonymous pages.
 */
bool ksm_eligible_vma(struct vm_area_struct *vma)
{
	return (vma->vm_flags & VM_MERGEABLE) && READ_ONCE(vma->anon_vma);
}

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
