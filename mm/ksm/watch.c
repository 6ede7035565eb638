// SPDX-License-Identifier: GPL-2.0
/*
 * Nodes that have to be looked at now and then: those without a known mapping, which
 * go when their folio goes, and those with anchors.  Nobody tells when a folio goes,
 * or a mapping that ksmd does not know.  And those for which there is more to do than
 * could be done at once.
 *
 * They stand in an array in no order, those first that were looked at in this round.  Each
 * knows its place.  One for which there was no memory there knows that it is to be found:
 * when a round begins.
 */
#include <kunit/static_stub.h>
#include <linux/generic-radix-tree.h>

#include "node.h"
#include "state.h"

/* As ksm_stable::watch: it is not in the array; else that is its place plus one. */
#define WATCH_LOST	UINT_MAX

/* Places that come at a time. */
#define WATCH_GROWTH	(GENRADIX_NODE_SIZE / sizeof(struct ksm_stable *))

static DEFINE_GENRADIX(watched, struct ksm_stable *);
static unsigned int capacity;
static unsigned int nr_watched;
static unsigned int nr_looked_at;
static unsigned long nr_lost;

static struct ksm_stable **entry(unsigned int at)
{
	return genradix_ptr(&watched, at);
}

static void put(struct ksm_stable *stable, unsigned int at)
{
	*entry(at) = stable;
	stable->watch = at + 1;
}

/**
 * ksm_watch_grow - make room for more nodes
 * @gfp: how memory is allocated for it
 *
 * Context: ksm_mutex held.
 * Return: false if there is no memory for it.
 */
bool ksm_watch_grow(gfp_t gfp)
{
	KUNIT_STATIC_STUB_REDIRECT(ksm_watch_grow, gfp);
	if (capacity > WATCH_LOST - 1 - WATCH_GROWTH ||
	    !genradix_ptr_alloc(&watched, capacity, gfp | __GFP_NOWARN))
		return false;
	capacity += WATCH_GROWTH;
	atomic_long_add(GENRADIX_NODE_SIZE, &ksm_stats.bytes);
	return true;
}

/* Returns false if there is no memory for it. */
static bool append(struct ksm_stable *stable, gfp_t gfp)
{
	if (nr_watched == capacity && !ksm_watch_grow(gfp))
		return false;
	put(stable, nr_watched);
	WRITE_ONCE(nr_watched, nr_watched + 1);
	return true;
}

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
	if (stable->watch)
		return;
	/* Folios may be locked. */
	if (!append(stable, GFP_NOWAIT)) {
		stable->watch = WATCH_LOST;
		WRITE_ONCE(nr_lost, nr_lost + 1);
	}
}

/**
 * ksm_watch_end - have a node looked at no more
 * @stable: node
 *
 * Context: ksm_mutex held.
 */
void ksm_watch_end(struct ksm_stable *stable)
{
	unsigned int at = stable->watch - 1;

	if (!stable->watch)
		return;
	if (stable->watch == WATCH_LOST) {
		WRITE_ONCE(nr_lost, nr_lost - 1);
	} else {
		/* The last of those looked at takes its place, and the last of all that one's. */
		if (at < nr_looked_at) {
			nr_looked_at--;
			put(*entry(nr_looked_at), at);
			at = nr_looked_at;
		}
		WRITE_ONCE(nr_watched, nr_watched - 1);
		if (at < nr_watched)
			put(*entry(nr_watched), at);
	}
	stable->watch = 0;
}

/**
 * ksm_watch_first - tell which node comes next in this round
 *
 * Context: ksm_mutex held.
 * Return: node, or NULL at the end of the round.
 */
struct ksm_stable *ksm_watch_first(void)
{
	return nr_looked_at < nr_watched ? *entry(nr_looked_at) : NULL;
}

/**
 * ksm_watch_pass - leave a node to the next round
 * @stable: that ksm_watch_first() has given
 *
 * Context: ksm_mutex held.
 */
void ksm_watch_pass(struct ksm_stable *stable)
{
	if (stable->watch == nr_looked_at + 1)
		nr_looked_at++;
}

/* All nodes are gone through for that, so it ends early if somebody waits. */
static void find_lost(void)
{
	struct ksm_stable_iter iter = {};
	struct ksm_stable *stable;

	while (nr_lost && !ksm_lock_wanted() && (stable = ksm_stable_iter_next(&iter))) {
		if (stable->watch == WATCH_LOST) {
			if (!append(stable, GFP_KERNEL | __GFP_NORETRY))
				return;
			WRITE_ONCE(nr_lost, nr_lost - 1);
		}
		cond_resched();
	}
}

/**
 * ksm_watch_rewind - begin a round
 *
 * Context: ksm_mutex held, may sleep.
 * Return: false if not all of them come in this one: for want of memory, or because
 *	   somebody waits for ksm_mutex.
 */
bool ksm_watch_rewind(void)
{
	nr_looked_at = 0;
	if (!nr_watched && capacity) {
		genradix_free(&watched);
		atomic_long_sub(capacity / WATCH_GROWTH * GENRADIX_NODE_SIZE, &ksm_stats.bytes);
		capacity = 0;
	}
	find_lost();
	return !nr_lost;
}

/**
 * ksm_watch_any - tell whether a node is watched
 *
 * Return: true if so; a hint unless ksm_mutex is held.
 */
bool ksm_watch_any(void)
{
	return READ_ONCE(nr_watched) || READ_ONCE(nr_lost);
}

/**
 * ksm_watch_lost - tell whether a watched node does not come in this round
 *
 * Context: ksm_mutex held.
 * Return: true if so.
 */
bool ksm_watch_lost(void)
{
	return nr_lost;
}

/**
 * ksm_watch_finds - tell whether a node is where it says, for checks
 * @stable: node
 *
 * Context: ksm_mutex held.
 * Return: true if so, or if it is not watched.
 */
bool ksm_watch_finds(const struct ksm_stable *stable)
{
	unsigned int at = stable->watch - 1;

	if (!stable->watch || stable->watch == WATCH_LOST)
		return true;
	return at < nr_watched && *entry(at) == stable;
}
