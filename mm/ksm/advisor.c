// SPDX-License-Identifier: GPL-2.0
/*
 * The advisor: how many pages to read in a batch, so that a full pass takes the
 * time that the admin asked for.
 */
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "advisor.h"

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

/* a * b / c where the product may be large, or ULONG_MAX; c is not 0. */
static unsigned long scale(unsigned long a, unsigned long b, unsigned long c)
{
	/* x86 raises an exception if a quotient has more than 64 bits. */
	if (mul_u64_u64_shr(a, b, 64) >= c)
		return ULONG_MAX;
	return min_t(u64, mul_u64_u64_div_u64(a, b, c), ULONG_MAX);
}

/**
 * ksm_advisor_advise - choose the pages to scan from how the last pass went
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
unsigned long ksm_advisor_advise(struct ksm_advisor_state *state,
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
