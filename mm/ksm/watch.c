// SPDX-License-Identifier: GPL-2.0
/*
 * Nodes that have to be looked at now and then: those without a known mapping, which
 * go when their folio goes, and those with anchors.  Nobody tells when a folio goes,
 * or a mapping that ksmd does not know.  And those for which there is more to do than
 * could be done at once.
 */
#include <linux/list.h>

#include "node.h"
#include "state.h"

static LIST_HEAD(watched);
static LIST_HEAD(looked_at);	/* in this round */
static LIST_HEAD(held);		/* all others that came by uniform faults */

/**
 * ksm_watch_add - have a node looked at until it needs it no more
 * @stable: node
 *
 * Context: ksm_mutex held.
 */
void ksm_watch_add(struct ksm_stable *stable)
{
	/* ksmd may be asleep without a time to wake up. */
	if (!ksm_watch_any())
		ksm_wake();
	if (stable->watched)
		return;
	stable->watched = true;
	list_move_tail(&stable->watch, &watched);
}

/**
 * ksm_watch_end - have a node looked at no more
 * @stable: watched node
 *
 * Context: ksm_mutex held.
 */
void ksm_watch_end(struct ksm_stable *stable)
{
	stable->watched = false;
	ksm_watch_held(stable);
}

/**
 * ksm_watch_held - have a node be among those that came by uniform faults, if it did
 * @stable: node
 *
 * Context: ksm_mutex held.
 */
void ksm_watch_held(struct ksm_stable *stable)
{
	if (stable->watched)
		return;
	if (stable->uniform)
		list_move_tail(&stable->watch, &held);
	else
		list_del_init(&stable->watch);
}

/**
 * ksm_watch_next_held - go through those that came by uniform faults, round and round
 *
 * Those that are watched left aside.
 *
 * Context: ksm_mutex held.
 * Return: node, or NULL if there is none.
 */
struct ksm_stable *ksm_watch_next_held(void)
{
	struct ksm_stable *stable = list_first_entry_or_null(&held, struct ksm_stable,
							     watch);

	if (stable)
		list_move_tail(&stable->watch, &held);
	return stable;
}

/**
 * ksm_watch_first - tell which node comes next in this round
 *
 * Context: ksm_mutex held.
 * Return: node, or NULL at the end of the round.
 */
struct ksm_stable *ksm_watch_first(void)
{
	return list_first_entry_or_null(&watched, struct ksm_stable, watch);
}

/**
 * ksm_watch_pass - leave a node to the next round
 * @stable: watched node
 *
 * Context: ksm_mutex held.
 */
void ksm_watch_pass(struct ksm_stable *stable)
{
	list_move_tail(&stable->watch, &looked_at);
}

/**
 * ksm_watch_rewind - begin a round
 *
 * Context: ksm_mutex held.
 */
void ksm_watch_rewind(void)
{
	list_splice_init(&looked_at, &watched);
}

/**
 * ksm_watch_any - tell whether a node is watched
 *
 * Return: true if so; a hint unless ksm_mutex is held.
 */
bool ksm_watch_any(void)
{
	return !list_empty(&watched) || !list_empty(&looked_at);
}
