// SPDX-License-Identifier: GPL-2.0
/*
 * Pace: how much ksmd may do at a time, and how long it pauses in between.
 *
 * What the admin has set, and what the advisor makes of how the passes go, becomes a
 * budget here, and nowhere else.
 */
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/time64.h>

#include <asm/barrier.h>

#include <trace/events/ksm.h>

#include "advisor.h"
#include "budget.h"
#include "state.h"

/* Pages to read in a batch, while the advisor chooses; written under ksm_mutex. */
static unsigned int advised;

/* What was advised can be read by whoever reads that the advisor is on. */
static enum ksm_advisor advisor_mode(void)
{
	/* Pairs with the release in ksm_pace_set_advisor(). */
	return smp_load_acquire(&ksm_advisor.mode);
}

/**
 * ksm_pace_pages - tell how many pages may be read in a batch
 *
 * Return: pages, by the admin or by the advisor.
 */
unsigned int ksm_pace_pages(void)
{
	if (advisor_mode() == KSM_ADVISOR_NONE)
		return READ_ONCE(ksm_knobs.pages_to_scan);
	return READ_ONCE(advised);
}

/**
 * ksm_pace_pause - tell how long ksmd pauses between two batches
 *
 * Return: milliseconds.
 */
unsigned int ksm_pace_pause(void)
{
	return READ_ONCE(ksm_knobs.sleep_millisecs);
}

/**
 * ksm_pace_batch - tell what a batch may do
 *
 * Return: budget.
 */
struct ksm_budget ksm_pace_batch(void)
{
	unsigned int pages = ksm_pace_pages();

	return (struct ksm_budget){
		.reads = pages,
		.visits = min_t(u64, ULONG_MAX, (u64)pages * KSM_VISITS_PER_READ),
	};
}

/**
 * ksm_pace_set_advisor - have the advisor choose the pages to scan, or the admin
 * @mode: which
 *
 * The admin's choice begins with the default.
 *
 * Context: ksm_mutex held.
 */
void ksm_pace_set_advisor(enum ksm_advisor mode)
{
	ksm_advisor.last_secs = 0;
	ksm_advisor.trend = 100;
	WRITE_ONCE(advised, clamp(ksm_advisor.min_pages, 1UL, (unsigned long)UINT_MAX));
	WRITE_ONCE(ksm_knobs.pages_to_scan, KSM_PAGES_TO_SCAN_DEFAULT);
	/* Pairs with the acquire in advisor_mode(). */
	smp_store_release(&ksm_advisor.mode, mode);
}

/**
 * ksm_pace_set_pages - have the admin choose the pages to scan
 * @pages: pages to read in a batch
 *
 * Context: ksm_mutex held.
 * Return: 0, or -EINVAL while the advisor chooses.
 */
int ksm_pace_set_pages(unsigned int pages)
{
	unsigned int before = ksm_knobs.pages_to_scan;

	if (ksm_advisor.mode != KSM_ADVISOR_NONE)
		return -EINVAL;
	WRITE_ONCE(ksm_knobs.pages_to_scan, pages);
	if (pages && !before)
		ksm_kick();
	return 0;
}

/**
 * ksm_pace_end_pass - learn from a full pass
 * @msecs: wall time that it took
 * @cpu_msecs: CPU time of ksmd
 *
 * Context: ksm_mutex held.
 */
void ksm_pace_end_pass(u64 msecs, u64 cpu_msecs)
{
	struct ksm_advisor_pass pass = {
		.pages_to_scan = advised,
		.scan_secs = max(div_u64(msecs, MSEC_PER_SEC), 1ULL),
		.cpu_percent = max(div64_u64(cpu_msecs * 100, max(msecs, 1ULL)), 1ULL),
	};

	if (ksm_advisor.mode != KSM_ADVISOR_SCAN_TIME)
		return;
	WRITE_ONCE(advised, ksm_advisor_advise(&ksm_advisor, &pass));
	trace_ksm_advisor(pass.scan_secs, advised, pass.cpu_percent);
}
