// SPDX-License-Identifier: GPL-2.0
/*
 * Merging a process at once, for who asks for it: before a snapshot, for instance.
 *
 * Its pages are visited twice, once to be cleaned and once to be read.  ksmd does that,
 * as nobody is to be kept waiting for ksm_mutex by a task that somebody else may stop.
 * Requests take turns, and so do they and ksmd's pass.
 *
 * ksmd's CPU time is nobody's in particular, so those without CAP_SYS_ADMIN come last, and
 * get a part of it only, all together.
 */
#include <linux/array_size.h>
#include <linux/capability.h>
#include <linux/freezer.h>
#include <linux/jiffies.h>
#include <linux/ksm.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/refcount.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/swap.h>
#include <linux/wait.h>

#include "internal.h"

#define VISITS		2

/**
 * struct request - a process to be merged at once
 * @link: in the list of those to be served
 * @users: who asks, and the list or ksmd
 * @mm: process; its mm_struct is held
 * @privileged: by CAP_SYS_ADMIN
 * @visits: how many of its visits are done
 * @turn: how far the present one has come
 * @drain: it has seen pages that wait in per-CPU lists
 * @err: what to return
 * @done: @err is set
 */
struct request {
	struct list_head link;
	refcount_t users;
	struct mm_struct *mm;
	bool privileged;
	unsigned int visits;
	struct ksm_scan_turn turn;
	bool drain;
	int err;
	bool done;
};

/* Those of others, and privileged ones. */
static struct list_head requests[] = {
	LIST_HEAD_INIT(requests[0]),
	LIST_HEAD_INIT(requests[1]),
};

static DEFINE_SPINLOCK(requests_lock);
static DECLARE_WAIT_QUEUE_HEAD(waiters);

/* jiffies: when the others are served again; written by ksmd. */
static u64 others_due;

static void put(struct request *request)
{
	if (!refcount_dec_and_test(&request->users))
		return;
	mmdrop(request->mm);
	kfree(request);
}

/* One for each process: or who asks more often would have more turns than others. */
static bool enqueue(struct request *request)
{
	struct request *each;
	bool only = true;
	int i;

	spin_lock(&requests_lock);
	for (i = 0; i < ARRAY_SIZE(requests) && only; i++)
		list_for_each_entry(each, &requests[i], link)
			only &= each->mm != request->mm;
	if (only)
		list_add_tail(&request->link, &requests[request->privileged]);
	spin_unlock(&requests_lock);
	return only;
}

/* Returns false if it was in the list no more. */
static bool dequeue(struct request *request)
{
	bool queued;

	spin_lock(&requests_lock);
	queued = !list_empty(&request->link);
	if (queued)
		list_del_init(&request->link);
	spin_unlock(&requests_lock);
	return queued;
}

/* The next request, as the last one from then on; with a reference. */
static struct request *next_request(void)
{
	struct request *request;
	struct list_head *list;

	spin_lock(&requests_lock);
	list = &requests[!list_empty(&requests[true])];
	request = list_first_entry_or_null(list, struct request, link);
	if (request) {
		list_move_tail(&request->link, list);
		refcount_inc(&request->users);
	}
	spin_unlock(&requests_lock);
	return request;
}

static void finish(struct request *request, int err)
{
	request->err = err;
	/* Pairs with the acquire in ksm_merge_now(). */
	smp_store_release(&request->done, true);
	if (dequeue(request))
		put(request);
	wake_up_all(&waiters);
}

/* How soon it returns would tell of equals, as what is done then differs. */
static bool may_be_told(const struct request *request, struct ksm_mm *kmm)
{
	return request->privileged || !static_branch_unlikely(&ksm_domain_uniform_used) ||
	       !(kmm->uniform || ksm_cgroup_uniform(kmm));
}

/* Do a part.  Returns 1 if there is more, 0 at the end, or a negative error code. */
static int serve(struct request *request)
{
	struct ksm_mm *kmm = ksm_mm_visit(request->mm);
	struct ksm_budget budget;
	long freed = ksm_stats.freed;
	int more;

	/* It has nothing to be merged, or has exited. */
	if (!kmm)
		return 0;
	if (!may_be_told(request, kmm))
		return -EOPNOTSUPP;
	if (!request->visits && !request->turn.begun)
		WRITE_ONCE(kmm->merged_now, 0);
	ksm_eager = true;
	ksm_eager_for = kmm;
	budget = ksm_scan_budget();
	more = ksm_scan_now(kmm, &request->turn, &budget);
	ksm_eager_for = NULL;
	ksm_eager = false;
	/* With uniform faults it would tell of equals. */
	if (!kmm->uniform)
		WRITE_ONCE(kmm->merged_now, kmm->merged_now + ksm_stats.freed - freed);
	request->drain |= budget.drain;
	if (more)
		return more;
	if (request->drain) {
		/* The references of per-CPU lists would keep pages from being merged. */
		lru_add_drain_all();
		request->drain = false;
	}
	request->turn = (struct ksm_scan_turn){};
	return ++request->visits < VISITS;
}

/**
 * ksm_merge_now_due - tell how long ksmd may sleep before a process is to be merged
 *
 * Return: jiffies; 0: at once; MAX_SCHEDULE_TIMEOUT: there is none.
 */
unsigned long ksm_merge_now_due(void)
{
	u64 due = READ_ONCE(others_due), now = get_jiffies_64();

	if (!list_empty(&requests[true]))
		return 0;
	if (list_empty(&requests[false]))
		return MAX_SCHEDULE_TIMEOUT;
	return time_after64(due, now) ? due - now : 0;
}

/**
 * ksm_merge_now_batch - do a part of what was asked for
 *
 * Context: ksm_mutex held by ksmd once ksm_merge_now_due(), may sleep.
 */
void ksm_merge_now_batch(void)
{
	struct request *request = next_request();
	u64 began = get_jiffies_64(), took;
	int err = -EOPNOTSUPP;

	if (!request)
		return;
	if (ksm_knobs.run & KSM_RUN_MERGE) {
		err = serve(request);
		took = get_jiffies_64() - began + 1;
		if (!request->privileged)
			WRITE_ONCE(others_due, began + took * (1 + ksm_pace_pause_times()));
	}
	/* Whoever changes a VMA is not to find it locked again at once. */
	if (err > 0 && request->turn.misses)
		ksm_lock_let_them_run();
	if (err <= 0)
		finish(request, err);
	put(request);
}

/* May be given up at any time; what ksmd does for it then, it does to its end. */
static int wait_for(struct request *request)
{
	/* Pairs with the release in finish(). */
	if (!wait_event_freezable(waiters, smp_load_acquire(&request->done)))
		return request->err;
	if (dequeue(request))
		put(request);
	return -EINTR;
}

/**
 * ksm_merge_now - merge what a process has offered, at once
 * @mm: process; its mm_struct is held
 *
 * What is written meanwhile is left for ksmd.
 *
 * Context: process context, may sleep long; no lock held.
 * Return: 0; -EINTR on a signal, then a part is done; -EOPNOTSUPP unless "run" is 1, or
 *	   with uniform faults and without CAP_SYS_ADMIN; -ENOMEM; -EBUSY if somebody else
 *	   has asked, or the process comes into another domain again and again.
 */
int ksm_merge_now(struct mm_struct *mm)
{
	struct request *request;
	int err;

	if (!(READ_ONCE(ksm_knobs.run) & KSM_RUN_MERGE))
		return -EOPNOTSUPP;
	if (!test_bit(MMF_VM_MERGEABLE, &mm->flags))
		return 0;
	if (!ksm_fingerprint_drawn && wait_for_random_bytes())
		return -EINTR;
	request = kzalloc(sizeof(*request), GFP_KERNEL_ACCOUNT);
	if (!request)
		return -ENOMEM;
	mmgrab(mm);
	request->mm = mm;
	request->privileged = ns_capable_noaudit(&init_user_ns, CAP_SYS_ADMIN);
	refcount_set(&request->users, 2);
	err = -EBUSY;
	if (enqueue(request)) {
		ksm_wake();
		err = wait_for(request);
	} else {
		put(request);
	}
	put(request);
	return err;
}

/**
 * ksm_merge_now_result - tell how many page frames the last ksm_merge_now() has freed
 * @mm: process
 *
 * Return: how many, so far if it goes on; 0 with uniform faults.
 */
unsigned long ksm_merge_now_result(struct mm_struct *mm)
{
	return max(ksm_mm_merged_now(mm), 0L);
}
