/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What may be done at a time, and what things take of it.
 */
#ifndef _MM_KSM_BUDGET_H
#define _MM_KSM_BUDGET_H

#include <linux/minmax.h>
#include <linux/types.h>

#include "advisor.h"

/**
 * enum ksm_round - which of the pages that may have changed a visit reads
 * @KSM_ROUND_ALL: all of them
 * @KSM_ROUND_PICK: those that are picked by what is in them; the others are deferred
 * @KSM_ROUND_PAYING: those deferred, in tiles of which a page has been merged
 * @KSM_ROUND_REST: all that are still deferred
 *
 * In the last two nothing else is visited.
 */
enum ksm_round {
	KSM_ROUND_ALL,
	KSM_ROUND_PICK,
	KSM_ROUND_PAYING,
	KSM_ROUND_REST,
};

/**
 * struct ksm_budget - what a batch may still do
 * @reads: pages to read
 * @visits: pages to visit, read or not
 * @round: what is read
 * @deferred: set when a page was deferred
 * @drain: set when a page was seen that waits in a per-CPU list
 * @found: pages that were new, or had changed: counted up
 * @until: ksmd's CPU time when the batch is to end, ns; 0: whenever it does
 */
struct ksm_budget {
	unsigned int reads;
	unsigned long visits;
	enum ksm_round round;
	bool deferred;
	bool drain;
	unsigned long found;
	u64 until;
};

/**
 * struct ksm_pass_result - what became of a full pass
 * @msecs: wall time that it took
 * @cpu_msecs: CPU time of ksmd
 * @pages: pages that are kept track of
 * @found: those of them that were new, or had changed
 * @merged: shared pages, more than before
 * @out_of_turn: at its end ksmd did not keep to its pace
 */
struct ksm_pass_result {
	u64 msecs;
	u64 cpu_msecs;
	unsigned long pages;
	unsigned long found;
	unsigned long merged;
	bool out_of_turn;
};

/*
 * Visits that ride along for each page that may be read: together they take as long as
 * one or two reads.  A batch of the defaults stays below what the KSM before took to
 * read as many.
 */
#define KSM_VISITS_PER_READ	192

/*
 * The same while passes find nothing: with a long sleep between few pages, more would be
 * more work than mainline 6.12 does.
 */
#define KSM_VISITS_PER_READ_IDLE	24

/* A sample takes as long as so many visits, where the page is not in the cache. */
#define KSM_VISITS_PER_SAMPLE	24

/* To ask what was written of what a PMD entry maps takes as long as so many visits. */
#define KSM_VISITS_PER_QUESTION	64

/* To forget a mapping of a KSM folio takes as long as so many visits. */
#define KSM_VISITS_PER_UNMAP	12

/* To clean a PTE takes as long as so many visits more, and a TLB flush as so many. */
#define KSM_VISITS_PER_CLEANING	4
#define KSM_VISITS_PER_FLUSH	256

/* What ksm_lock_let_them_run() takes, so that a batch does not get long by it. */
#define KSM_VISITS_PER_PAUSE	512

static inline bool ksm_budget_left(const struct ksm_budget *budget)
{
	return budget->reads && budget->visits;
}

static inline void ksm_budget_spend(struct ksm_budget *budget, unsigned long visits)
{
	budget->visits -= min(budget->visits, visits);
}

/* pace.c */
unsigned int ksm_pace_pages(void);
unsigned int ksm_pace_pause(void);
unsigned int ksm_pace_resume(unsigned int msecs);
bool ksm_pace_budgeted(void);
unsigned int ksm_pace_pause_times(void);
u64 ksm_pace_batch_time(void);
unsigned int ksm_pace_gap(void);
void ksm_pace_spend(u64 runtime, u64 now, u64 batch);
void ksm_pace_news(void);
struct ksm_budget ksm_pace_batch(void);
void ksm_pace_found(unsigned long found);
void ksm_pace_set_advisor(enum ksm_advisor mode);
int ksm_pace_set_pages(unsigned int pages);
void ksm_pace_begin_pass(void);
unsigned long ksm_pace_pass_msecs(void);
void ksm_pace_end_pass(const struct ksm_pass_result *result);

#endif /* _MM_KSM_BUDGET_H */
