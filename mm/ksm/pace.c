// SPDX-License-Identifier: GPL-2.0
/*
 * Pace: how much ksmd may do at a time, and how long it pauses in between.
 *
 * What the admin has set, and what the advisor makes of how the passes go, becomes a
 * budget here, and nowhere else.
 *
 * A visit to a settled page is so cheap that there would be far more passes than in
 * mainline 6.12, with nothing to find.  So passes that find nothing come ever more
 * rarely, but no more rarely than there, and not for long once there is news.
 */
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/time64.h>

#include <asm/barrier.h>

#include <trace/events/ksm.h>

#include "advisor.h"
#include "budget.h"
#include "state.h"

/* The longest gap between two passes, alone and by how long a pass takes. */
#define KSM_MAX_GAP_MSECS	2000U
#define KSM_MAX_GAP_PASSES	64

/* To read a page takes mainline 6.12 at least as long. */
#define KSM_USECS_PER_PAGE	1

/* What a batch may do when pace is not what matters: others get ksm_mutex after it. */
#define KSM_EAGER_READS		1024
#define KSM_EAGER_VISITS	(64 * 1024)

/* What counts as nothing: so many pages, and one of so many. */
#define KSM_FEW_PAGES		16
#define KSM_FEW_OF		64

/* Passes in a row that found nothing, and the gap that is due; written under ksm_mutex. */
static unsigned int idle_passes;
static unsigned int gap;

/* There is something new, since the last pass ended. */
static bool news;

/* When the present pass began, jiffies; 0: between passes.  Written under ksm_mutex. */
static unsigned long pass_began;

/* Pages to read in a batch, while the advisor chooses; written under ksm_mutex. */
static unsigned int advised;

/*
 * With a CPU budget: so long ksmd may save what it has not used, be in debt for, and work in
 * one batch, in its own time.
 */
#define KSM_SAVED_MSECS		100
#define KSM_OWED_MSECS		(10 * MSEC_PER_SEC)
#define KSM_BATCH_MSECS		20
#define KSM_BATCH_MAX_USECS	5000

/* The pause after work for somebody without rights, at the least, in times of what it took. */
#define KSM_PAUSE_TIMES		3U

/* The CPU budget: what is left of it, and as of when; written by ksmd under ksm_mutex. */
static struct {
	s64 left;		/* ns */
	u64 runtime;		/* ksmd's CPU time then, ns */
	u64 now;		/* ns */
} cpu;

/* What was advised can be read by whoever reads that the advisor is on. */
static enum ksm_advisor advisor_mode(void)
{
	/* Pairs with the release in ksm_pace_set_advisor(). */
	return smp_load_acquire(&ksm_advisor.mode);
}

/* Of one CPU that ksmd may use. */
static unsigned int cpu_percent(void)
{
	return clamp(READ_ONCE(ksm_advisor.max_cpu), 1U, 100U);
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
	s64 left;

	if (advisor_mode() != KSM_ADVISOR_CPU_BUDGET)
		return READ_ONCE(ksm_knobs.sleep_millisecs);
	left = READ_ONCE(cpu.left);
	if (left >= 0)
		return 0;
	return div_u64(div_u64(-left * 100, cpu_percent()), NSEC_PER_MSEC) + 1;
}

/**
 * ksm_pace_resume - tell how long ksmd pauses after a batch that others have cut short
 * @msecs: at the most, or at the least if it has to keep to a CPU budget
 *
 * Return: milliseconds.
 */
unsigned int ksm_pace_resume(unsigned int msecs)
{
	unsigned int pause = ksm_pace_pause();

	return ksm_pace_budgeted() ? max(pause, msecs) : min(pause, msecs);
}

/**
 * ksm_pace_budgeted - tell whether ksmd has to keep to a CPU budget
 *
 * Return: true if so.
 */
bool ksm_pace_budgeted(void)
{
	return advisor_mode() == KSM_ADVISOR_CPU_BUDGET;
}

/**
 * ksm_pace_pause_times - tell how long ksmd pauses after work for somebody without rights
 *
 * With a CPU budget half of that is left for the pass.
 *
 * Return: in times of what that took.
 */
unsigned int ksm_pace_pause_times(void)
{
	return max(KSM_PAUSE_TIMES, ksm_pace_budgeted() ? 200 / cpu_percent() : 0);
}

/* What a percentage of some time is, ns. */
static s64 share_of(u64 msecs)
{
	return msecs * (NSEC_PER_MSEC / 100) * cpu_percent();
}

/**
 * ksm_pace_batch_time - tell how much CPU time a batch is to take
 *
 * Return: ns; for ksm_pace_budgeted() only.
 */
u64 ksm_pace_batch_time(void)
{
	return min_t(u64, share_of(KSM_BATCH_MSECS), KSM_BATCH_MAX_USECS * NSEC_PER_USEC);
}

/**
 * ksm_pace_spend - note what ksmd has used of a CPU budget
 * @runtime: ksmd's CPU time so far, ns
 * @now: ns
 * @batch: what the last batch took of that, ns
 *
 * The next one is chosen so that it takes no more than the budget of 20 ms.
 *
 * Context: ksm_mutex held by ksmd; ksm_pace_budgeted().
 */
void ksm_pace_spend(u64 runtime, u64 now, u64 batch)
{
	s64 left = cpu.left;
	u64 pages;

	/* As of now, to begin with. */
	if (cpu.now)
		left += div_u64((now - cpu.now) * cpu_percent(), 100) -
			(runtime - cpu.runtime);
	left = clamp(left, -share_of(KSM_OWED_MSECS), share_of(KSM_SAVED_MSECS));
	WRITE_ONCE(cpu.left, left);
	cpu.runtime = runtime;
	cpu.now = now;
	pages = div64_u64(advised * ksm_pace_batch_time(), max(batch, 1ULL));
	/* Not by what one batch happened to take. */
	pages = clamp(pages, advised / 2ULL, advised * 2ULL);
	WRITE_ONCE(advised, clamp(pages, 1ULL, clamp(ksm_advisor.max_pages, 1ULL, UINT_MAX)));
}

static bool is_idle(void)
{
	return READ_ONCE(idle_passes) && !READ_ONCE(news);
}

/**
 * ksm_pace_gap - tell how long ksmd pauses before the next pass
 *
 * Return: milliseconds since the end of the last one; 0 if there may be something new.
 */
unsigned int ksm_pace_gap(void)
{
	return is_idle() ? READ_ONCE(gap) : 0;
}

/**
 * ksm_pace_news - have ksmd look soon
 *
 * For whoever brings something new.  Costs next to nothing while ksmd is busy.
 *
 * Context: any that may wake a task.
 */
void ksm_pace_news(void)
{
	if (!is_idle())
		return;
	WRITE_ONCE(news, true);
	ksm_wake();
}

/**
 * ksm_pace_batch - tell what a batch may do
 *
 * Context: ksm_mutex held.
 * Return: budget.
 */
struct ksm_budget ksm_pace_batch(void)
{
	static const struct ksm_budget eager = {
		.reads = KSM_EAGER_READS,
		.visits = KSM_EAGER_VISITS,
	};
	unsigned int visits = is_idle() ? KSM_VISITS_PER_READ_IDLE : KSM_VISITS_PER_READ;
	unsigned int pages = ksm_pace_pages();

	if (ksm_eager)
		return eager;
	return (struct ksm_budget){
		.reads = pages,
		.visits = min_t(u64, ULONG_MAX, (u64)pages * visits),
	};
}

/* Does it matter that so many of these pages were new, or had changed? */
static bool is_much(unsigned long found, unsigned long pages)
{
	return found > KSM_FEW_PAGES + pages / KSM_FEW_OF;
}

/**
 * ksm_pace_found - tell what a pass has found so far
 * @found: pages that were new, or had changed
 *
 * Context: ksm_mutex held.
 */
void ksm_pace_found(unsigned long found)
{
	if (idle_passes && is_much(found, ksm_stats.tracked))
		WRITE_ONCE(idle_passes, 0);
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
	WRITE_ONCE(advised, mode == KSM_ADVISOR_CPU_BUDGET ? KSM_PAGES_TO_SCAN_DEFAULT :
		   clamp(ksm_advisor.min_pages, 1UL, (unsigned long)UINT_MAX));
	WRITE_ONCE(cpu.left, 0);
	cpu.now = 0;
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
	ksm_pace_news();
	return 0;
}

/**
 * ksm_pace_begin_pass - note that a pass begins
 *
 * Context: ksm_mutex held.
 */
void ksm_pace_begin_pass(void)
{
	WRITE_ONCE(pass_began, jiffies ?: 1);
}

/* How long it takes to read what is in no tree: that may be what the next pass does. */
static unsigned long reading_msecs(void)
{
	unsigned int pause = ksm_pace_budgeted() ? KSM_BATCH_MSECS :
			     READ_ONCE(ksm_knobs.sleep_millisecs);
	u64 batches = div_u64(ksm_volatile_pages(), max(ksm_pace_pages(), 1U));

	/* More than enough is enough. */
	return min_t(u64, batches, KSM_MAX_GAP_MSECS) * min(pause, KSM_MAX_GAP_MSECS);
}

/**
 * ksm_pace_pass_msecs - tell how long passes take
 *
 * Return: milliseconds, by the last pass, by the present one and by what is to be read.
 */
unsigned long ksm_pace_pass_msecs(void)
{
	unsigned long began = READ_ONCE(pass_began);

	return max3(READ_ONCE(ksm_stats.full_scan_msecs),
		    began ? jiffies_to_msecs(jiffies - began) : 0UL, reading_msecs());
}

/* The longest gap after a pass like this one. */
static u64 longest_gap(const struct ksm_pass_result *result)
{
	/* What a CPU budget makes of a batch is nothing that mainline has. */
	unsigned int pages = ksm_pace_budgeted() ? KSM_PAGES_TO_SCAN_DEFAULT :
			     max(ksm_pace_pages(), 1U);
	u64 batches = div_u64((u64)result->pages + pages - 1, pages);
	u64 before;

	/* How long mainline 6.12 takes to read them all; more than enough is enough. */
	before = min_t(u64, batches, KSM_MAX_GAP_MSECS) *
		 min(READ_ONCE(ksm_knobs.sleep_millisecs), KSM_MAX_GAP_MSECS) +
		 div_u64((u64)result->pages * KSM_USECS_PER_PAGE, USEC_PER_MSEC);
	/* This one has taken some of that. */
	before -= min(before, result->msecs);
	return min3(before, max(result->msecs, 1ULL) * KSM_MAX_GAP_PASSES,
		    (u64)KSM_MAX_GAP_MSECS);
}

static void learn_gap(const struct ksm_pass_result *result)
{
	unsigned int passes = idle_passes + 1;
	u64 first = max(READ_ONCE(ksm_knobs.sleep_millisecs), 1U);

	if (xchg(&news, false) || is_much(result->found, result->pages) ||
	    is_much(result->merged, result->pages))
		passes = 0;
	/* Twice as long each time, until that is longer than any. */
	passes = min(passes, ilog2(KSM_MAX_GAP_MSECS) + 1U);
	WRITE_ONCE(gap, min(first << passes, longest_gap(result)));
	WRITE_ONCE(idle_passes, passes);
}

/**
 * ksm_pace_end_pass - learn from a full pass
 * @result: what became of it
 *
 * Context: ksm_mutex held.
 */
void ksm_pace_end_pass(const struct ksm_pass_result *result)
{
	struct ksm_advisor_pass pass = {
		.pages_to_scan = advised,
		.scan_secs = max(div_u64(result->msecs, MSEC_PER_SEC), 1ULL),
		.cpu_percent = max(div64_u64(result->cpu_msecs * 100,
					     max(result->msecs, 1ULL)), 1ULL),
	};

	WRITE_ONCE(pass_began, 0);
	learn_gap(result);
	if (ksm_advisor.mode != KSM_ADVISOR_SCAN_TIME || result->out_of_turn)
		return;
	WRITE_ONCE(advised, ksm_advisor_advise(&ksm_advisor, &pass));
	trace_ksm_advisor(pass.scan_secs, advised, pass.cpu_percent);
}
