// SPDX-License-Identifier: GPL-2.0
/*
 * Which domain a process belongs to: by its memory cgroup, by its user, or alone.
 *
 * The nearest memory cgroup above a process that is marked decides.  All that is kept of
 * it is its number, which no other cgroup gets: so a cgroup goes when it is removed,
 * whatever was merged there.
 */
#include <linux/atomic.h>
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/jump_label.h>
#include <linux/kstrtox.h>
#include <linux/memcontrol.h>
#include <linux/rcupdate.h>
#include <linux/sched/coredump.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>

#include "internal.h"

/* What memory.ksm_domain may be. */
enum {
	DOMAIN_NONE,
	DOMAIN_APART,
	DOMAIN_UNIFORM,		/* and with uniform faults */
};

/* Numbers of domains that belong to a process; 0 is none. */
static atomic64_t last_own;

/* How often a process may have come into another domain. */
static atomic_t moves;

/* As many of them are over: nothing is shared any more across domains; by ksm_mutex. */
static int settled;

/**
 * ksm_cgroup_unsettle - note that processes may belong to another domain from now on
 *
 * What says so was written before.  ksmd is not hurried, as anybody may bring this about.
 *
 * Context: any.
 */
void ksm_cgroup_unsettle(void)
{
	/* Pairs with the acquire in ksm_cgroup_moves(). */
	smp_mb__before_atomic();
	atomic_inc(&moves);
}

/**
 * ksm_cgroup_moves - tell how many moves between domains there may have been
 *
 * Return: number; whoever reads it finds by ksm_cgroup_key() what these moves led to.
 */
int ksm_cgroup_moves(void)
{
	return atomic_read_acquire(&moves);
}

/**
 * ksm_cgroup_settle - note that nothing is shared across domains any more
 * @before: ksm_cgroup_moves() at the start of the pass that has found it so
 *
 * Context: ksm_mutex held.
 */
void ksm_cgroup_settle(int before)
{
	settled = before;
}

/**
 * ksm_cgroup_unsettled - tell whether a process may have left its domain
 *
 * Nobody tells of a change of user, so while users are kept apart that is always so.
 *
 * Context: ksm_mutex held.
 * Return: true if so.
 */
bool ksm_cgroup_unsettled(void)
{
	return READ_ONCE(ksm_knobs.domain_users) || ksm_cgroup_moves() != settled;
}

static u64 new_own(void)
{
	return atomic64_inc_return(&last_own);
}

#ifdef CONFIG_MEMCG
static u64 group_of(struct task_struct *owner)
{
	struct mem_cgroup *memcg;

	if (mem_cgroup_disabled())
		return 0;
	for (memcg = mem_cgroup_from_task(owner); memcg; memcg = parent_mem_cgroup(memcg))
		if (READ_ONCE(memcg->ksm_domain))
			return cgroup_id(memcg->css.cgroup);
	return 0;
}

/*
 * Another user's process, or one that hides its memory from its own user's, as programs
 * do that have got rights by exec.
 */
static void tell_users_apart(struct ksm_mm *kmm, struct task_struct *owner,
			     struct ksm_domain_key *key)
{
	key->user = (u64)__kuid_val(task_uid(owner)) + 1;
	if (get_dumpable(kmm->slot.mm) == SUID_DUMP_USER)
		return;
	if (!kmm->own)
		kmm->own = new_own();
	key->own = kmm->own;
}

/**
 * ksm_cgroup_is_uniform - tell whether processes of a memory cgroup have uniform faults
 * @memcg: memory cgroup
 *
 * Return: true if so.
 */
bool ksm_cgroup_is_uniform(struct mem_cgroup *memcg)
{
	if (READ_ONCE(ksm_knobs.uniform_faults))
		return true;
	for (; memcg; memcg = parent_mem_cgroup(memcg))
		if (READ_ONCE(memcg->ksm_domain) == DOMAIN_UNIFORM)
			return true;
	return false;
}

/* Under RCU.  The memory of an exec that has failed names one who may be gone since. */
static struct task_struct *owner_of(struct ksm_mm *kmm)
{
	struct task_struct *owner = rcu_dereference(kmm->slot.mm->owner);

	return READ_ONCE(kmm->exiting) ? NULL : owner;
}

static bool find_owner(struct ksm_mm *kmm, struct ksm_domain_key *key)
{
	struct task_struct *owner;

	rcu_read_lock();
	owner = owner_of(kmm);
	if (owner) {
		key->group = group_of(owner);
		if (READ_ONCE(ksm_knobs.domain_users))
			tell_users_apart(kmm, owner, key);
	}
	rcu_read_unlock();
	return owner;
}
#else
static bool find_owner(struct ksm_mm *kmm, struct ksm_domain_key *key)
{
	return true;
}
#endif

/**
 * ksm_cgroup_key - tell which domain a process belongs to now
 * @kmm: process
 * @key: set to the key of the domain
 *
 * Who has made the memory, by fork or exec, decides; threads and others that share it
 * may be elsewhere.
 *
 * Context: ksm_mutex held.
 * Return: false if it has no owner any more: it stays where it is.
 */
bool ksm_cgroup_key(struct ksm_mm *kmm, struct ksm_domain_key *key)
{
	*key = (struct ksm_domain_key){
		.own = READ_ONCE(kmm->slot.mm->ksm_domain),
	};
	return find_owner(kmm, key);
}

/**
 * ksm_cgroup_keeps - tell whether a process still belongs to the domain that it is in
 * @kmm: process
 *
 * Context: ksm_mutex held.
 * Return: true if so.
 */
bool ksm_cgroup_keeps(struct ksm_mm *kmm)
{
	struct ksm_domain_key key;

	return !ksm_cgroup_key(kmm, &key) || ksm_domain_has(kmm->domain, &key);
}

/**
 * ksm_cgroup_uniform - tell whether a process is to have uniform faults
 * @kmm: process
 *
 * One marked memory cgroup above it that says so is enough: to mark another below does
 * not lead out of it.
 *
 * Context: ksm_mutex held.
 * Return: true if so; as its domain has, if it has no owner any more.
 */
bool ksm_cgroup_uniform(struct ksm_mm *kmm)
{
	bool uniform = READ_ONCE(ksm_knobs.uniform_faults);
#ifdef CONFIG_MEMCG
	struct task_struct *owner;

	if (uniform || mem_cgroup_disabled())
		return uniform;
	rcu_read_lock();
	owner = owner_of(kmm);
	uniform = owner ? ksm_cgroup_is_uniform(mem_cgroup_from_task(owner)) :
			  ksm_domain_uniform(kmm->domain);
	rcu_read_unlock();
#endif
	return uniform;
}

/**
 * ksm_cgroup_set_uniform - have all domains have uniform faults, or those only that say so
 * @uniform: whether
 *
 * Context: may sleep.
 */
void ksm_cgroup_set_uniform(bool uniform)
{
	if (uniform) {
		static_branch_enable(&ksm_domain_uniform_used);
		static_branch_enable(&ksm_domain_used);
	}
	WRITE_ONCE(ksm_knobs.uniform_faults, uniform);
	ksm_cgroup_unsettle();
	ksm_pace_news();
}

/**
 * ksm_new_domain - give a process, and what it will fork or exec, a domain of its own
 * @mm: process
 *
 * Context: takes no mmap_lock, may sleep.
 */
void ksm_new_domain(struct mm_struct *mm)
{
	static_branch_enable(&ksm_domain_used);
	WRITE_ONCE(mm->ksm_domain, new_own());
	if (test_bit(MMF_VM_MERGEABLE, &mm->flags))
		ksm_cgroup_unsettle();
}

#ifdef CONFIG_MEMCG
/**
 * ksm_cgroup_set_users - keep the processes of different users apart, or not
 * @apart: whether
 *
 * Context: may sleep.
 */
void ksm_cgroup_set_users(bool apart)
{
	if (apart)
		static_branch_enable(&ksm_domain_used);
	WRITE_ONCE(ksm_knobs.domain_users, apart);
	ksm_cgroup_unsettle();
	ksm_pace_news();
}

/* Is its memory to be merged, so that it matters? */
static bool is_mergeable(struct task_struct *task)
{
	bool mergeable;

	task_lock(task);
	mergeable = task->mm && test_bit(MMF_VM_MERGEABLE, &task->mm->flags);
	task_unlock(task);
	return mergeable;
}

/**
 * ksm_cgroup_attach - processes have come into other memory cgroups
 * @tset: their tasks
 *
 * Context: may sleep.
 */
void ksm_cgroup_attach(struct cgroup_taskset *tset)
{
	struct cgroup_subsys_state *css;
	struct task_struct *task;

	if (!static_branch_unlikely(&ksm_domain_used))
		return;
	cgroup_taskset_for_each(task, css, tset) {
		if (is_mergeable(task)) {
			ksm_cgroup_unsettle();
			return;
		}
	}
}

static int domain_show(struct seq_file *m, void *unused)
{
	seq_printf(m, "%u\n", READ_ONCE(mem_cgroup_from_seq(m)->ksm_domain));
	return 0;
}

static ssize_t domain_write(struct kernfs_open_file *of, char *buf, size_t count,
			    loff_t offset)
{
	struct mem_cgroup *memcg = mem_cgroup_from_css(of_css(of));
	unsigned int domain;

	if (kstrtouint(strstrip(buf), 10, &domain) || domain > DOMAIN_UNIFORM)
		return -EINVAL;
	if (domain == READ_ONCE(memcg->ksm_domain))
		return count;
	if (domain == DOMAIN_UNIFORM)
		static_branch_enable(&ksm_domain_uniform_used);
	if (domain != DOMAIN_NONE)
		static_branch_enable(&ksm_domain_used);
	WRITE_ONCE(memcg->ksm_domain, domain);
	ksm_cgroup_unsettle();
	ksm_pace_news();
	return count;
}

static struct cftype files[] = {
	{
		.name = "ksm_domain",
		.flags = CFTYPE_NOT_ON_ROOT,
		.seq_show = domain_show,
		.write = domain_write,
	},
	{ }
};

/**
 * ksm_cgroup_init - give memory cgroups their file
 *
 * Return: 0 or a negative error code.
 */
int __init ksm_cgroup_init(void)
{
	return mem_cgroup_disabled() ? 0 :
				       cgroup_add_dfl_cftypes(&memory_cgrp_subsys, files);
}
#endif
