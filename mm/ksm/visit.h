/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Visits, as visit.c, sweep.c and huge.c share them.
 */
#ifndef _MM_KSM_VISIT_H
#define _MM_KSM_VISIT_H

#include "budget.h"
#include "internal.h"

/* What is visited under one page table lock. */
struct ksm_sweep {
	const struct ksm_vmas *vmas;
	struct vm_area_struct *vma;	/* of these, that which is being looked at */
	pmd_t *pmdp;		/* entry that maps it */
	const struct ksm_told *told;
	enum ksm_round round;	/* what is read */
	bool drain;		/* a page waits in a per-CPU list */
	bool cut_short;		/* somebody waits for a VMA */
	unsigned int reads;	/* pages that have been read */
	unsigned int wants;	/* pages that may be read */
	unsigned int looks;	/* pages that may be looked into */
	unsigned int cleaned;	/* PTEs */
	unsigned long flush_start, flush_end;
};

/* One visit to (a part of) a tile: which pages were found how. */
struct ksm_visit {
	struct ksm_sweep *sweep;	/* that it is a part of */
	struct page **page;	/* by its place, each of @waiting, @pick and @want */
	struct ksm_tile *tile;
	unsigned long addr;	/* first address */
	unsigned long end;	/* of the part of the tile that is to be visited */
	unsigned long next;	/* how far it has come */
	unsigned int vma;	/* of the sweep's, the first that is in that part */
	unsigned int last_vma;	/* and the last */
	u64 part;		/* pages in the first of them */
	bool others;		/* other tiles are at these addresses */
	bool leave;		/* do not read what is dirty once more */
	bool quiet;		/* all is as it was: nothing to read, or to give back */
	struct ksm_seen seen;	/* by ksm_change_begin() */
	u64 look;		/* to be looked into */
	u64 reread;		/* to be read in full though they seem unchanged */
	u64 again;		/* if these are dirty, they are so once more */
	u64 hot;		/* dirty once more, to be read */
	u64 known;		/* do not look again: as it was */
	u64 present;		/* anonymous pages, tracked */
	u64 gone;		/* nothing to track */
	u64 cleaned;		/* written since the last visit, and cleaned */
	u64 changed;		/* to be unsettled: those, and what is not to be merged */
	u64 unmapped;		/* maps its KSM folio no more */
	u64 adopt;		/* maps a KSM folio, unknown so far */
	u64 waiting;		/* to be looked into, with a reference */
	u64 pick;		/* to be read in full if picked, with a reference */
	u64 want;		/* to be read in full */
};

bool ksm_visit_begin(struct ksm_visit *v, struct page **page, struct ksm_sweep *sweep,
		     struct ksm_tile *tile, unsigned long addr, unsigned long end);
bool ksm_visit_begin_deferred(struct ksm_visit *v, struct page **page,
			      struct ksm_sweep *sweep, struct ksm_tile *tile,
			      unsigned long addr, unsigned long end);
void ksm_visit_wait(struct ksm_visit *v, struct page *page, unsigned int i);
void ksm_visit_pick(struct ksm_visit *v, struct page *page, unsigned int i);
void ksm_visit_note(struct ksm_visit *v, struct ksm_budget *budget);
unsigned long ksm_visit_read(struct ksm_visit *v, struct ksm_budget *budget);

/* apart.c */
unsigned long ksm_apart_visit(struct ksm_visit *v, struct ksm_budget *budget);

/* huge.c */
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
unsigned long ksm_huge_visit(struct ksm_mm *kmm, const struct ksm_vmas *vmas,
			     pmd_t *pmdp, unsigned long addr, unsigned long end,
			     const struct ksm_told *told, struct ksm_budget *budget);
#else
static inline unsigned long ksm_huge_visit(struct ksm_mm *kmm,
					   const struct ksm_vmas *vmas, pmd_t *pmdp,
					   unsigned long addr, unsigned long end,
					   const struct ksm_told *told,
					   struct ksm_budget *budget)
{
	return end;
}
#endif

#endif /* _MM_KSM_VISIT_H */
