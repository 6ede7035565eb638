/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_MEMCONTROL_H
#define _KSM_TEST_LINUX_MEMCONTROL_H

#include <linux/gfp.h>
#include <linux/mm_types.h>

/* Nothing is charged, as with cgroup.memory=nokmem. */

struct mem_cgroup;

static inline struct mem_cgroup *get_mem_cgroup_from_mm(struct mm_struct *mm)
{
	return NULL;
}

static inline struct mem_cgroup *set_active_memcg(struct mem_cgroup *memcg)
{
	return NULL;
}

static inline void mem_cgroup_put(struct mem_cgroup *memcg)
{
}

static inline bool kmem_cache_charge(void *object, gfp_t gfp)
{
	return true;
}

#endif /* _KSM_TEST_LINUX_MEMCONTROL_H */
