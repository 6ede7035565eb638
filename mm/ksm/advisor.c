// SPDX-License-Identifier: GPL-2.0
/*
 * The advisor: how many pages to read in a batch, so that a full pass takes the
 * time that the admin asked for.
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/sched/cputime.h>
#include <linux/sched.h>

#include <trace/events/ksm.h>

#include "advisor.h"
#include "ksm.h"

/* Weight of the newest pass in the trend, percent. */
#define TREND_WEIGHT		30

/* Change of the duration that is believed at the most, percent. */
#define MAX_CHANGE		10000UL

/* Percent of one CPU that ksmd may always use. */
#define MIN_CPU_PERCENT		10

#define DEFAULT_MIN_PAGES	500
#define DEFAULT_MAX_PAGES	30000
#define DEFAULT_TARGET_SECS	200
#define DEFAULT_MAX_CPU		70

struct ksm_advisor_state ksm_advisor = {
	.mode = KSM_ADVISOR_NONE,
	.min_pages = DEFAULT_MIN_PAGES,
	.max_pages = DEFAULT_MAX_PAGES,
	.target_secs = DEFAULT_TARGET_SECS,
	.max_cpu = DEFAULT_MAX_CPU,
};

/* The pass that ksmd is in. */
static struct {
	ktime_t started;
	u64 runtime;		/* ksmd's CPU time at the start, ns */
} current_pass;

/* a * b / c where the product may be large, or ULONG_MAX; c is not 0. */
static unsigned long scale(unsigned long a, unsigned long b, unsigned long c)
{
	/* x86 raises an exception if a quotient has more than 64 bits. */
	if (mul_u64_u64_shr(a, b, 64) >= c)
		return ULONG_MAX;
	return min_t(u64, mul_u64_u64_div_u64(a, b, c), ULONG_MAX);
}

/**
 * ksm_advise - choose the pages to scan from how the last pass went
 * @state: knobs, and what is remembered of earlier passes
 * @pass: the last pass
 *
 * The rate is scaled by how far the pass was from its target, and by the trend of
 * the passes' durations.  It is then held within what the CPU limits allow at
 * the cost per page that was seen, and at last within the page limits, which have
 * the last word.
 *
 * Return: pages to scan in a batch, 1 to UINT_MAX.
 */
unsigned long ksm_advise(struct ksm_advisor_state *state,
			 const struct ksm_advisor_pass *pass)
{
	unsigned long last_secs = state->last_secs ?: pass->scan_secs;
	unsigned long change, pages, pages_per_percent;

	change = min(scale(pass->scan_secs, 100, last_secs), MAX_CHANGE);
	state->trend = ((100 - TREND_WEIGHT) * state->trend +
			TREND_WEIGHT * change) / 100;
	state->trend = max(state->trend, 1UL);
	state->last_secs = pass->scan_secs;

	pages = scale(pass->pages_to_scan, pass->scan_secs, state->target_secs);
	pages = scale(pages, state->trend, 100);

	pages_per_percent = max(pass->pages_to_scan / pass->cpu_percent, 1UL);
	pages = min(pages, scale(pages_per_percent, state->max_cpu, 1));
	pages = max(pages, scale(pages_per_percent, MIN_CPU_PERCENT, 1));

	pages = max(pages, state->min_pages);
	pages = min(pages, state->max_pages);
	/* With 0 there would be no further pass to correct it. */
	return clamp(pages, 1UL, (unsigned long)UINT_MAX);
}

/**
 * ksm_advisor_set_mode - switch the advisor
 * @mode: new mode
 *
 * Context: ksm_mutex held.
 */
void ksm_advisor_set_mode(enum ksm_advisor mode)
{
	ksm_advisor.mode = mode;
	ksm_advisor.last_secs = 0;
	ksm_advisor.trend = 100;
	ksm_knobs.pages_to_scan = mode == KSM_ADVISOR_NONE ?
				  KSM_PAGES_TO_SCAN_DEFAULT :
				  clamp(ksm_advisor.min_pages, 1UL,
					(unsigned long)UINT_MAX);
}

/**
 * ksm_advisor_start_pass - ksmd starts a full pass
 *
 * Context: ksmd, ksm_mutex held.
 */
void ksm_advisor_start_pass(void)
{
	current_pass.started = ktime_get();
	current_pass.runtime = task_sched_runtime(current);
}

/**
 * ksm_advisor_end_pass - ksmd has completed a full pass
 *
 * Context: ksmd, ksm_mutex held.
 */
void ksm_advisor_end_pass(void)
{
	s64 msecs = max(ktime_ms_delta(ktime_get(), current_pass.started), 1LL);
	u64 cpu_msecs = div_u64(task_sched_runtime(current) - current_pass.runtime,
				NSEC_PER_MSEC);
	struct ksm_advisor_pass pass = {
		.pages_to_scan = ksm_knobs.pages_to_scan,
		.scan_secs = max(div_u64(msecs, MSEC_PER_SEC), 1ULL),
		.cpu_percent = max(div64_u64(cpu_msecs * 100, msecs), 1ULL),
	};

	if (ksm_advisor.mode != KSM_ADVISOR_SCAN_TIME)
		return;
	ksm_knobs.pages_to_scan = ksm_advise(&ksm_advisor, &pass);
	trace_ksm_advisor(pass.scan_secs, ksm_knobs.pages_to_scan,
			  pass.cpu_percent);
}
