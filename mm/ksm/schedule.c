// SPDX-License-Identifier: GPL-2.0
/*
 * When a tile is due: which passes read pages that seem unchanged, and which ones
 * that are always written to.
 */
#include <linux/bitops.h>
#include <linux/hash.h>
#include <linux/minmax.h>

#include "state.h"
#include "tile.h"

/* Passes between full reads of a page that nothing seems to write. */
#define KSM_REREAD_DIRTY	255
#define KSM_REREAD_SAMPLED	64

/* Passes between visits to a tile of pages that are always written: 1 << this at most. */
#define KSM_MAX_HEAT		4

/**
 * ksm_schedule_reread - tell which pages are to be read again, unchanged though they seem
 * @tile: tile
 *
 * By passes, as in each there is a visit for every VMA that has pages in the tile.
 *
 * Context: ksm_mutex held.
 * Return: pages, one bit each.
 */
u64 ksm_schedule_reread(struct ksm_tile *tile)
{
	u64 sampled = tile->hints ? tile->hints->sampled & tile->present : 0;
	u16 pass = ksm_stats.full_scans;
	s16 ahead = tile->reread - pass;

	if (sampled && ahead > KSM_REREAD_SAMPLED && ahead <= KSM_REREAD_DIRTY) {
		/* There was none that is sampled when that was chosen. */
		tile->interval = KSM_REREAD_SAMPLED;
		ahead = KSM_REREAD_SAMPLED;
		tile->reread = pass + ahead;
	}
	if (ahead > 0 && ahead <= KSM_REREAD_DIRTY)
		return 0;
	if (!ahead || !tile->reread_done) {
		/* Now, or late: there was no visit in that pass. */
		tile->reread = pass;
		tile->reread_done = true;
		/* The few that come soon are for those that are sampled. */
		return sampled && tile->interval < KSM_REREAD_SAMPLED ? sampled : ~0ULL;
	}
	if (sampled)
		/* A read costs many samples, so there are few soon. */
		tile->interval = min(4 * tile->interval + 1, KSM_REREAD_SAMPLED);
	else
		/* Not all tiles in one pass. */
		tile->interval = KSM_REREAD_DIRTY - hash_long(tile->addr, 7);
	tile->reread = pass + tile->interval;
	tile->reread_done = false;
	return 0;
}

/**
 * ksm_schedule_heat - tell whether pages that are dirty once more are to be read
 * @tile: tile
 *
 * What was found in the last pass in which they were read tells how long they are left
 * alone then.
 *
 * Context: ksm_mutex held.
 * Return: true if so, in this pass.
 */
bool ksm_schedule_heat(struct ksm_tile *tile)
{
	u8 pass = ksm_stats.full_scans;
	s8 ahead = tile->due - pass;

	if (!ahead)
		return true;
	if (ahead < 0 || ahead > 1 << KSM_MAX_HEAT) {
		tile->heat = tile->heated ? min(tile->heat + 1, KSM_MAX_HEAT) : 0;
		tile->skip = 2 * tile->heated > hweight64(tile->present);
		tile->heated = 0;
		tile->due = tile->heat ? tile->due + (1 << tile->heat) : pass;
		ahead = tile->due - pass;
		/* There was no visit for a while. */
		if (ahead < 0 || ahead > 1 << KSM_MAX_HEAT) {
			tile->due = pass;
			ahead = 0;
		}
	}
	return !ahead;
}
