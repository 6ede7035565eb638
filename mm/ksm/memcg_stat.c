// SPDX-License-Identifier: GPL-2.0
/*
 * What memory cgroups that have a domain are told of what is shared in it.
 *
 * No reference to a cgroup is kept, so the figures go to it now and then, as those of a
 * whole pass.  Nobody is told of the domain of another.
 */
#include <linux/cgroup.h>
#include <linux/ksm.h>
#include <linux/memcontrol.h>
#include <linux/seq_buf.h>

#include "node.h"

static void tell(u64 group, long shared, long sharing)
{
	struct cgroup *cgroup = cgroup_get_from_id(group);
	struct cgroup_subsys_state *css;
	struct mem_cgroup *memcg;

	/* It has been removed. */
	if (IS_ERR(cgroup))
		return;
	css = cgroup_get_e_css(cgroup, &memory_cgrp_subsys);
	memcg = mem_cgroup_from_css(css);
	if (css->cgroup == cgroup) {
		WRITE_ONCE(memcg->ksm_shared, memcg->ksm_shared + shared);
		WRITE_ONCE(memcg->ksm_sharing, memcg->ksm_sharing + sharing);
	}
	css_put(css);
	cgroup_put(cgroup);
}

/**
 * ksm_memcg_stat_update - tell memory cgroups what is shared in their domains
 *
 * Context: ksm_mutex held, may sleep.
 */
void ksm_memcg_stat_update(void)
{
	struct ksm_domain *domain = NULL;
	long shared, sharing;
	u64 group;

	while ((domain = ksm_domain_next(domain)))
		if (ksm_domain_take_counts(domain, &group, &shared, &sharing))
			tell(group, shared, sharing);
}

/**
 * ksm_memcg_stat_format - write what is shared in the domains of a memory cgroup
 * @memcg: memory cgroup; those below it count, too
 * @s: where to
 *
 * In bytes, as of the end of the last pass.  With several users' domains in one cgroup,
 * that is the sum of them.  Where there are uniform faults nothing is told: it would tell
 * whether a page has found an equal.
 *
 * Context: any that memory.stat is written in, a kill for want of memory included.
 */
void ksm_memcg_stat_format(struct mem_cgroup *memcg, struct seq_buf *s)
{
	unsigned long shared = 0, sharing = 0;
	struct mem_cgroup *iter;

	if (static_branch_unlikely(&ksm_domain_used)) {
		for (iter = mem_cgroup_iter(memcg, NULL, NULL); iter;
		     iter = mem_cgroup_iter(memcg, iter, NULL)) {
			if (ksm_cgroup_is_uniform(iter))
				continue;
			shared += max(READ_ONCE(iter->ksm_shared), 0L);
			sharing += max(READ_ONCE(iter->ksm_sharing), 0L);
		}
	}
	seq_buf_printf(s, "ksm_shared %lu\n", shared * PAGE_SIZE);
	seq_buf_printf(s, "ksm_sharing %lu\n", sharing * PAGE_SIZE);
}
