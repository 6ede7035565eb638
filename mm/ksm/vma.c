// SPDX-License-Identifier: GPL-2.0
/*
 * VMAs as ksmd reaches them: without mmap_lock wherever they have locks of their own,
 * and never waiting for either.
 */
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/sched.h>

#include "../internal.h"
#include "internal.h"

/* VMAs to step over in one RCU section. */
#define KSM_MAX_STEPS	256

/* So many of them take as long as a visit. */
#define KSM_STEPS_PER_VISIT	2

/* Linear page index that @vma gives, or would give, to @addr. */
static pgoff_t vma_index(struct vm_area_struct *vma, unsigned long addr)
{
	return vma->vm_pgoff - (vma->vm_start >> PAGE_SHIFT) + (addr >> PAGE_SHIFT);
}

/**
 * ksm_vma_tile_at - find the tile of an address, going on from tiles below it
 * @vma: VMA of @addr, locked
 * @addr: address
 * @at: first tile that ends after an address below @addr, or after @addr, or NULL; set
 *	to the first that ends after @addr
 *
 * Return: the tile, or NULL.
 */
struct ksm_tile *ksm_vma_tile_at(struct vm_area_struct *vma, unsigned long addr,
				 struct ksm_tile **at)
{
	struct ksm_tile *tile;
	pgoff_t pgoff;

	addr = ALIGN_DOWN(addr, KSM_TILE_SIZE);
	pgoff = vma_index(vma, addr);
	while (*at && (*at)->addr < addr)
		*at = ksm_tile_next(*at);
	for (tile = *at; tile && tile->addr == addr; tile = ksm_tile_next(tile))
		if (tile->pgoff == pgoff)
			return tile;
	return NULL;
}

/**
 * ksm_vma_tile_get - find the tile of an address, or make it, going on from another
 * @kmm: process
 * @vma: its VMA, locked
 * @addr: address in @vma
 * @at: first tile that ends after @addr, or NULL
 *
 * Context: ksm_mutex held, may sleep.
 * Return: the tile, or NULL if there is no memory for it.
 */
struct ksm_tile *ksm_vma_tile_get(struct ksm_mm *kmm, struct vm_area_struct *vma,
				  unsigned long addr, struct ksm_tile *at)
{
	addr = ALIGN_DOWN(addr, KSM_TILE_SIZE);
	return ksm_tile_get_at(kmm, addr, vma_index(vma, addr), at);
}

/**
 * ksm_vma_tile - find the tile of an address, or make it
 * @kmm: process
 * @vma: its VMA, locked
 * @addr: address in @vma
 *
 * Context: ksm_mutex held, may sleep.
 * Return: the tile, or NULL if there is no memory for it.
 */
struct ksm_tile *ksm_vma_tile(struct ksm_mm *kmm, struct vm_area_struct *vma,
			      unsigned long addr)
{
	addr = ALIGN_DOWN(addr, KSM_TILE_SIZE);
	return ksm_tile_get(kmm, addr, vma_index(vma, addr));
}

/**
 * ksm_vma_fits - tell whether a tile belongs to a VMA
 * @vma: VMA at an address of the tile, locked
 * @tile: tile
 *
 * Return: true if @vma is mergeable and maps @tile as when it was made.
 */
bool ksm_vma_fits(struct vm_area_struct *vma, struct ksm_tile *tile)
{
	return ksm_eligible_vma(vma) && tile->pgoff == vma_index(vma, tile->addr);
}

#ifdef CONFIG_PER_VMA_LOCK
/**
 * ksm_vma_lock - try to lock the VMA of an address
 * @mm: process, between ksm_mm_enter() and ksm_mm_leave()
 * @addr: address
 *
 * Never waits, so it may be called while another VMA is locked.
 *
 * Return: the VMA, for ksm_vma_unlock(); NULL if there is none or it is locked.
 */
struct vm_area_struct *ksm_vma_lock(struct mm_struct *mm, unsigned long addr)
{
	return lock_vma_under_rcu(mm, addr);
}

/**
 * ksm_vma_unlock - undo ksm_vma_lock()
 * @vma: VMA
 */
void ksm_vma_unlock(struct vm_area_struct *vma)
{
	vma_end_read(vma);
}

/**
 * ksm_vma_contended - tell whether somebody waits for the lock of a VMA
 * @vma: VMA, locked by ksm_vma_lock() or ksm_vma_lock_next()
 *
 * Return: true if so.
 */
bool ksm_vma_contended(struct vm_area_struct *vma)
{
	return rwsem_is_contended(&vma->vm_lock->lock);
}

static bool trylock_vmas(struct mm_struct *mm)
{
	rcu_read_lock();
	return true;
}

/* Lock a VMA that was found under RCU, if it still is where it was. */
static struct vm_area_struct *lock_found(struct vm_area_struct *vma, unsigned long addr)
{
	if (!vma_start_read(vma))
		return NULL;
	if (likely(!vma->detached && vma->vm_start <= addr && addr < vma->vm_end))
		return vma;
	vma_end_read(vma);
	return NULL;
}

/* From trylock_vmas() to the lock of this VMA alone. */
static struct vm_area_struct *keep_vma(struct mm_struct *mm, struct vm_area_struct *vma,
				       unsigned long addr)
{
	if (vma)
		vma = lock_found(vma, addr);
	rcu_read_unlock();
	return vma;
}

static void unlock_vmas(struct mm_struct *mm)
{
	rcu_read_unlock();
}
#else
struct vm_area_struct *ksm_vma_lock(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;

	if (!mmap_read_trylock(mm))
		return NULL;
	vma = vma_lookup(mm, addr);
	if (!vma)
		mmap_read_unlock(mm);
	return vma;
}

void ksm_vma_unlock(struct vm_area_struct *vma)
{
	mmap_read_unlock(vma->vm_mm);
}

bool ksm_vma_contended(struct vm_area_struct *vma)
{
	return mmap_lock_is_contended(vma->vm_mm);
}

static bool trylock_vmas(struct mm_struct *mm)
{
	return mmap_read_trylock(mm);
}

static struct vm_area_struct *keep_vma(struct mm_struct *mm, struct vm_area_struct *vma,
				       unsigned long addr)
{
	if (!vma)
		mmap_read_unlock(mm);
	return vma;
}

static void unlock_vmas(struct mm_struct *mm)
{
	mmap_read_unlock(mm);
}
#endif

/**
 * ksm_vma_lock_next - find the next mergeable VMA, and try to lock it
 * @mm: process, between ksm_mm_enter() and ksm_mm_leave()
 * @addr: where to start; set to an address below which no VMA is mergeable, where one
 *	  begins or goes on; to ULONG_MAX if none follows
 * @budget: what may be done; less what is done
 *
 * Never waits.  Looks at a bounded number of VMAs: it may return one that is not
 * mergeable.  What it says of those before it is no more than a hint.
 *
 * Return: the VMA at @addr, for ksm_vma_unlock(); NULL if there is none or it is locked.
 */
struct vm_area_struct *ksm_vma_lock_next(struct mm_struct *mm, unsigned long *addr,
					 struct ksm_budget *budget)
{
	VMA_ITERATOR(vmi, mm, *addr);
	struct vm_area_struct *vma;
	int steps = KSM_MAX_STEPS;

	if (!trylock_vmas(mm))
		return NULL;
	for_each_vma(vmi, vma) {
		/* The last one, not where it ends: there may be none to lock there. */
		if (ksm_eligible_vma(vma) || !--steps)
			break;
	}
	*addr = vma ? max(READ_ONCE(vma->vm_start), *addr) : ULONG_MAX;
	vma = keep_vma(mm, vma, *addr);
	ksm_budget_spend(budget, 1 + (KSM_MAX_STEPS - steps) / KSM_STEPS_PER_VISIT);
	return vma;
}

/**
 * ksm_vma_skip - tell where to go on in a VMA that cannot be locked, or behind it
 * @mm: process
 * @addr: address in it
 * @order: how far, as a power of two of page tables
 *
 * Return: an address in it, or its end, by the look of it; @addr if there is none by
 *	   now, or if that cannot be told now.
 */
unsigned long ksm_vma_skip(struct mm_struct *mm, unsigned long addr,
			   unsigned int order)
{
	unsigned long size = PMD_SIZE << order;
	unsigned long next = ALIGN_DOWN(addr, PMD_SIZE) + size;

	VMA_ITERATOR(vmi, mm, addr);
	struct vm_area_struct *vma;

	if (!trylock_vmas(mm))
		return addr;
	vma = vma_next(&vmi);
	if (vma && READ_ONCE(vma->vm_start) <= addr) {
		unsigned long end = max(addr, READ_ONCE(vma->vm_end));

		addr = next > addr ? min(next, end) : end;
	}
	unlock_vmas(mm);
	return addr;
}
