/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The processes that are registered.
 */
#ifndef _MM_KSM_REGISTRY_H
#define _MM_KSM_REGISTRY_H

#include <linux/jump_label.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/types.h>

#include "../mm_slot.h"
#include "index.h"
#include "state.h"

struct ksm_domain;
struct ksm_domain_key;
struct ksm_fresh;
struct mem_cgroup;

/**
 * struct ksm_span - where VMAs of a process were mergeable, see vma.c
 * @start: where the first began
 * @end: where the last ended
 * @seq: as long as that goes for it
 * @seen: all of them have been looked at
 */
struct ksm_span {
	unsigned long start;
	unsigned long end;
	unsigned int seq;
	bool seen;
};

/**
 * struct ksm_scan_turn - how far a walk through a process has come, see struct ksm_mm
 * @begun: it has begun
 * @addr: address
 * @span: where that is worth it
 * @misses: how often a VMA was locked by others
 * @skips: how often since a VMA could be locked
 * @mergeable: a mergeable VMA was seen
 * @full: there was no memory for a copy
 */
struct ksm_scan_turn {
	bool begun;
	unsigned long addr;
	struct ksm_span span;
	u8 misses;
	u8 skips;
	bool mergeable;
	bool full;
};

/**
 * struct ksm_mm - a registered process
 * @slot: in the hash by mm and in the list of all registered processes
 * @dead: in the list of those that exited and wait for ksmd to free them
 * @tiles: what ksmd knows about its pages
 * @domain: whose pages its pages may be merged with
 * @bytes: memory that its tiles, slots and hints take
 * @inside: held by who is in the process for KSM, see ksm_mm_enter()
 * @addr: where its turn in the pass goes on
 * @span: where that is worth it
 * @unflushed_start: see change.c
 * @unflushed_end: addresses whose dirty bits were cleared in secondary MMUs, which were
 *		   not flushed since
 * @turn: number of the pass in which it last had a turn
 * @misses: how often in that turn a VMA was locked by others
 * @skips: how often since a VMA of it could be locked
 * @mergeable: a mergeable VMA was seen in that turn
 * @done: that turn is over
 * @round: the round of the pass in which it was
 * @deferred: some tiles were deferred in that pass
 * @apart: it may share pages with processes of other domains, see apart.c
 * @full: there was no memory for a copy in that turn
 * @uniform: its pages are sorted as is right with uniform faults
 * @wanted: they are to be, or not
 * @asked: number of the turn in which that was asked
 * @unsorted: address from which on that is still to be done
 * @followed: number of the turn in which it came into its domain
 * @left: address from which on its pages are still in trees of a domain that it has left
 * @own: number of the domain that it has for itself as users are kept apart, or 0
 * @fresh: what it has offered of late, or NULL, see fresh.c
 * @merged_now: page frames that the last ksm_merge_now() has freed
 * @visited: the cursor, or ksm_mm_visit(), was here, so only ksmd may free it
 * @exiting: its exit has begun
 *
 * @slot, @dead, @visited and @exiting are guarded by ksm_mms_lock, @fresh by a lock of
 * fresh.c, the rest by ksm_mutex.
 */
struct ksm_mm {
	struct mm_slot slot;
	struct list_head dead;
	struct rb_root tiles;
	struct ksm_domain *domain;
	unsigned long bytes;
	struct mutex inside;	/* see ksm_mm_enter() */
	unsigned long addr;
	struct ksm_span span;
	unsigned long unflushed_start;
	unsigned long unflushed_end;
	unsigned int turn;
	u8 misses;
	u8 skips;
	bool mergeable;
	bool done;
	u8 round;
	bool deferred;
	bool apart;
	bool full;
	bool uniform;
	bool wanted;
	unsigned int followed;
	unsigned long left;
	unsigned int asked;
	unsigned long unsorted;
	u64 own;
	struct ksm_fresh *fresh;
	long merged_now;
	bool visited;
	bool exiting;
};

/* registry.c */
int ksm_mm_register(struct mm_struct *mm);
void ksm_mm_exit(struct mm_struct *mm);
bool ksm_mm_enter(struct ksm_mm *kmm);
void ksm_mm_leave(struct ksm_mm *kmm);
struct ksm_mm *ksm_mm_find(struct mm_struct *mm);
struct ksm_mm *ksm_mm_visit(struct mm_struct *mm);

/* Its exit waits for who is inside: leave soon. */
static inline bool ksm_mm_exiting(const struct ksm_mm *kmm)
{
	return READ_ONCE(kmm->exiting);
}

/* Does somebody wait for ksmd who must not wait for the rest of the batch? */
static inline bool ksm_mm_hurried(const struct ksm_mm *kmm)
{
	return ksm_mm_exiting(kmm) || ksm_lock_wanted();
}

void ksm_mm_unregister_idle(struct ksm_mm *kmm);
struct ksm_mm *ksm_mms_current(void);
struct ksm_mm *ksm_mms_next(void);
void ksm_mms_rewind(void);
struct ksm_mm *ksm_mms_next_visited(struct ksm_mm *kmm);
struct ksm_mm *ksm_mms_next_registered(struct ksm_mm *kmm);
bool ksm_mms_empty(void);
unsigned long ksm_mms_registered(void);
bool ksm_mms_news(void);
bool ksm_mms_dead(void);
struct ksm_mm *ksm_mms_first_dead(void);
void ksm_mms_free_dead(struct ksm_mm *kmm);
void ksm_mms_no_news(void);
unsigned long ksm_mm_bytes(struct mm_struct *mm);
long ksm_mm_merged_now(struct mm_struct *mm);
int ksm_mms_init(void);

/* cgroup.c */
int ksm_cgroup_moves(void);
void ksm_cgroup_unsettle(void);
void ksm_cgroup_settle(int before);
bool ksm_cgroup_unsettled(void);
bool ksm_cgroup_key(struct ksm_mm *kmm, struct ksm_domain_key *key);
bool ksm_cgroup_keeps(struct ksm_mm *kmm);
bool ksm_cgroup_uniform(struct ksm_mm *kmm);
void ksm_cgroup_set_uniform(bool uniform);

/* May a process have left the domain that it is in, so that nothing is to be merged? */
static inline bool ksm_cgroup_left(struct ksm_mm *kmm)
{
	return static_branch_unlikely(&ksm_domain_used) && ksm_cgroup_unsettled() &&
	       !ksm_cgroup_keeps(kmm);
}

#ifdef CONFIG_MEMCG
bool ksm_cgroup_is_uniform(struct mem_cgroup *memcg);
void ksm_cgroup_set_users(bool apart);
int ksm_cgroup_init(void);
#else
static inline int ksm_cgroup_init(void)
{
	return 0;
}
#endif

#endif /* _MM_KSM_REGISTRY_H */
