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

/* As of VMAs that are being changed. */
#define KSM_SEQ_NONE		1

/* Has nothing been changed between these two? */
static bool is_same(unsigned int before, unsigned int now)
{
	return before == now && !(now & 1);
}

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

/*
 * Of changes to the VMAs of a process.  Odd while they are changed.  What was found under
 * RCU is still there while another RCU section finds the same even number: whoever takes
 * it away after that waits for this section.
 */
static unsigned int read_seq(struct mm_struct *mm)
{
	return raw_read_seqcount(&mm->mm_lock_seq);
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

static void unlock_found(struct vm_area_struct *vma)
{
	vma_end_read(vma);
}

/* From trylock_vmas() to the locks of these VMAs alone. */
static void keep_vmas(struct mm_struct *mm, const struct ksm_vmas *vmas)
{
	rcu_read_unlock();
}

static void unlock_vmas(struct mm_struct *mm)
{
	rcu_read_unlock();
}

/**
 * ksm_vma_unlock_all - undo ksm_vma_lock_next()
 * @vmas: VMAs
 */
void ksm_vma_unlock_all(const struct ksm_vmas *vmas)
{
	unsigned int i;

	for (i = 0; i < vmas->nr; i++)
		ksm_vma_unlock(vmas->vma[i]);
}

/**
 * ksm_vma_any_contended - tell whether somebody waits for one of these VMAs
 * @vmas: VMAs, locked by ksm_vma_lock_next()
 *
 * Return: true if so.
 */
bool ksm_vma_any_contended(const struct ksm_vmas *vmas)
{
	unsigned int i = 0;

	while (i < vmas->nr && !ksm_vma_contended(vmas->vma[i]))
		i++;
	return i < vmas->nr;
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

/* There is nothing to tell by. */
static unsigned int read_seq(struct mm_struct *mm)
{
	return KSM_SEQ_NONE;
}

static bool trylock_vmas(struct mm_struct *mm)
{
	return mmap_read_trylock(mm);
}

static struct vm_area_struct *lock_found(struct vm_area_struct *vma, unsigned long addr)
{
	return vma;
}

static void unlock_found(struct vm_area_struct *vma)
{
}

static void keep_vmas(struct mm_struct *mm, const struct ksm_vmas *vmas)
{
	if (!vmas->nr)
		mmap_read_unlock(mm);
}

static void unlock_vmas(struct mm_struct *mm)
{
	mmap_read_unlock(mm);
}

/* There is one lock for all. */
void ksm_vma_unlock_all(const struct ksm_vmas *vmas)
{
	ksm_vma_unlock(vmas->vma[0]);
}

bool ksm_vma_any_contended(const struct ksm_vmas *vmas)
{
	return ksm_vma_contended(vmas->vma[0]);
}
#endif

/**
 * ksm_vma_begin - begin a walk over the VMAs of a process
 * @walk: walk
 * @kmm: process, between ksm_mm_enter() and ksm_mm_leave() as long as it lasts
 * @whole: all will have been walked over when it comes to its end
 */
void ksm_vma_begin(struct ksm_walk *walk, struct ksm_mm *kmm, bool whole)
{
	walk->kmm = kmm;
	walk->whole = whole;
	walk->seq = KSM_SEQ_NONE;
}

/**
 * ksm_vma_first - tell where the turn of a process begins
 * @kmm: process
 *
 * Context: ksm_mutex held.
 * Return: an address below which no VMA is mergeable, nor was in the last turn.
 */
unsigned long ksm_vma_first(struct ksm_mm *kmm)
{
	struct ksm_span *span = &kmm->span;
	unsigned int seq = read_seq(kmm->slot.mm);

	if (span->seen && is_same(span->seq, seq))
		return span->start;
	*span = (struct ksm_span){ .start = ULONG_MAX, .seq = seq };
	return 0;
}

/*
 * Find the next mergeable VMA, or one that is not after too many of those.  Where no VMA
 * has been changed since the last look, it goes on from there, and not beyond the last
 * that was mergeable when all were looked at.
 */
static struct vm_area_struct *find_next(struct ksm_walk *walk, unsigned long addr,
					int *steps)
{
	struct ksm_span *span = &walk->kmm->span;
	struct mm_struct *mm = walk->kmm->slot.mm;
	unsigned int seq = read_seq(mm);
	struct vm_area_struct *vma;

	if (span->seen && addr >= span->end && is_same(span->seq, seq))
		return NULL;
	/* What was found under RCU before is still there. */
	if (is_same(walk->seq, seq) && addr >= walk->from) {
		if (!walk->found || addr < walk->found->vm_end)
			return walk->found;
		if (addr > walk->found->vm_end)
			vma_iter_set(&walk->vmi, addr);
	} else {
		vma_iter_init(&walk->vmi, mm, addr);
	}
	for_each_vma(walk->vmi, vma) {
		/* One without anonymous pages may have some at any time. */
		if (vma->vm_flags & VM_MERGEABLE) {
			span->start = min(span->start, READ_ONCE(vma->vm_start));
			span->end = max(span->end, READ_ONCE(vma->vm_end));
			if (ksm_eligible_vma(vma))
				break;
		}
		if (!--*steps)
			break;
	}
	if (!vma && walk->whole)
		span->seen = true;
	walk->from = addr;
	walk->found = vma;
	walk->seq = *steps ? seq : KSM_SEQ_NONE;
	return vma;
}

/**
 * ksm_vma_lock_next - find the next mergeable VMA, and try to lock it
 * @walk: walk; its VMAs are set to those that are locked: to the one that is returned, and
 *	  to small ones that follow
 * @addr: where to start; set to an address below which no VMA is mergeable, where one
 *	  begins or goes on; to ULONG_MAX if none follows
 * @budget: what may be done; less what is done
 *
 * Never waits.  Looks at a bounded number of VMAs: it may return one that is not
 * mergeable.  What it says of those before it is no more than a hint.
 *
 * Return: the VMA at @addr, for ksm_vma_unlock_all(); NULL if there is none or it is
 *	   locked.
 */
struct vm_area_struct *ksm_vma_lock_next(struct ksm_walk *walk, unsigned long *addr,
					 struct ksm_budget *budget)
{
	struct mm_struct *mm = walk->kmm->slot.mm;
	struct ksm_vmas *vmas = &walk->vmas;
	unsigned long start, end = ULONG_MAX, next = *addr;
	struct vm_area_struct *vma;
	int steps = KSM_MAX_STEPS;

	vmas->nr = 0;
	if (!trylock_vmas(mm))
		return NULL;
	do {
		vma = find_next(walk, next, &steps);
		start = vma ? max(READ_ONCE(vma->vm_start), next) : ULONG_MAX;
		if (end == ULONG_MAX) {
			/* The last one, not where it ends: there may be none to lock there. */
			*addr = start;
			end = ALIGN_DOWN(start, PMD_SIZE) + PMD_SIZE;
		} else if (start >= end || !steps) {
			break;
		}
		if (vma)
			vma = lock_found(vma, start);
		if (!vma)
			break;
		/* What was seen of it before was no more than a hint. */
		if (vmas->nr && !ksm_eligible_vma(vma)) {
			unlock_found(vma);
			break;
		}
		vmas->vma[vmas->nr++] = vma;
		next = vma->vm_end;
	} while (next < end && vmas->nr < KSM_MAX_VMAS && steps);
	keep_vmas(mm, vmas);
	ksm_budget_spend(budget, 1 + (KSM_MAX_STEPS - steps) / KSM_STEPS_PER_VISIT);
	return vmas->nr ? vmas->vma[0] : NULL;
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

/**
 * ksm_vma_offered - tell how much of its memory a process has offered
 * @mm: process, between ksm_mm_enter() and ksm_mm_leave()
 *
 * Context: may sleep.  Where VMAs have no locks of their own, what is behind one that is
 *	    being changed is left out.
 * Return: pages, whether they are there or not.
 */
unsigned long ksm_vma_offered(struct mm_struct *mm)
{
	unsigned long pages = 0, addr = 0;
	struct vm_area_struct *vma;

	do {
		VMA_ITERATOR(vmi, mm, addr);
		int steps = KSM_MAX_STEPS;

		if (!trylock_vmas(mm))
			break;
		for_each_vma(vmi, vma) {
			unsigned long end = READ_ONCE(vma->vm_end);

			if (vma->vm_flags & VM_MERGEABLE)
				pages += (end - min(end, READ_ONCE(vma->vm_start))) >> PAGE_SHIFT;
			addr = end;
			if (!--steps)
				break;
		}
		unlock_vmas(mm);
		cond_resched();
	} while (vma);
	return pages;
}
