/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_RMAP_H
#define _KSM_TEST_LINUX_RMAP_H

#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/pagemap.h>

struct anon_vma {
	atomic_t refcount;
};

static inline void get_anon_vma(struct anon_vma *anon_vma)
{
	atomic_inc(&anon_vma->refcount);
}

/* Its creator holds the last reference. */
static inline void put_anon_vma(struct anon_vma *anon_vma)
{
	atomic_dec(&anon_vma->refcount);
	assert(atomic_read(&anon_vma->refcount) > 0);
}

#endif /* _KSM_TEST_LINUX_RMAP_H */
