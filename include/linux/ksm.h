/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernel Samepage Merging, as the rest of the kernel sees it.
 */
#ifndef __LINUX_KSM_H
#define __LINUX_KSM_H

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/cred.h>
#include <linux/jump_label.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/sched.h>
#include <linux/sched/coredump.h>

struct cgroup_taskset;
struct list_head;
struct mem_cgroup;
struct seq_buf;

#ifdef CONFIG_KSM
DECLARE_STATIC_KEY_FALSE(ksm_domain_uniform_used);
extern atomic_long_t ksm_zero_pages;
extern struct task_struct *ksm_splitter;
extern bool ksm_pressure_heard;

vm_flags_t ksm_vma_flags(struct mm_struct *mm, const struct file *file,
			 vm_flags_t vm_flags);
void ksm_add_vma(struct vm_area_struct *vma);
int ksm_enable_merge_any(struct mm_struct *mm);
int ksm_disable_merge_any(struct mm_struct *mm);
int ksm_disable(struct mm_struct *mm);
int ksm_madvise(struct vm_area_struct *vma, unsigned long start,
		unsigned long end, int advice, unsigned long *vm_flags);
int __ksm_enter(struct mm_struct *mm);
void __ksm_exit(struct mm_struct *mm);

struct folio *ksm_might_need_to_copy(struct folio *folio,
				     struct vm_area_struct *vma,
				     unsigned long addr);
void rmap_walk_ksm(struct folio *folio, struct rmap_walk_control *rwc);
void folio_migrate_ksm(struct folio *newfolio, struct folio *folio);
void collect_procs_ksm(struct folio *folio, struct page *page,
		       struct list_head *to_kill, int force_early);
void ksm_replace_poisoned(struct folio *folio);
long ksm_process_profit(struct mm_struct *mm);
bool ksm_process_mergeable(struct mm_struct *mm);
bool ksm_refuses_collapse(struct vm_area_struct *vma, unsigned long addr,
			  pte_t *pte);
int ksm_unshare_page(struct mm_struct *mm, unsigned long addr);
void ksm_new_domain(struct mm_struct *mm);
void ksm_pressure_ask(void);
void ksm_pressure_group(void);
int ksm_merge_now(struct mm_struct *mm);
unsigned long ksm_merge_now_result(struct mm_struct *mm);
void ksm_cgroup_attach(struct cgroup_taskset *tset);
void ksm_memcg_stat_format(struct mem_cgroup *memcg, struct seq_buf *s);

/* Memory is below the low watermark: may be called wherever memory may be allocated. */
static inline void ksm_pressure_low(void)
{
	if (unlikely(READ_ONCE(ksm_pressure_heard)))
		ksm_pressure_ask();
}

/*
 * A split is to leave empty pages as they are if it is ksmd that splits: it
 * merges them, and keeps count of that.
 */
static inline bool ksm_keeps_empty_pages(void)
{
	return READ_ONCE(ksm_splitter) == current;
}

/*
 * Where some processes are not to see whether a page of theirs has an equal, nobody is told
 * how often a KSM folio is mapped.
 */
static inline bool ksm_hides_mapcount(const struct folio *folio)
{
	return static_branch_unlikely(&ksm_domain_uniform_used) && folio_test_ksm(folio);
}

/* Nor how often one that is swapped out: what it was, nobody knows then. */
static inline bool ksm_hides_swapcount(void)
{
	return static_branch_unlikely(&ksm_domain_uniform_used);
}

/* The dirty bit tells the zero pages that KSM has mapped from all others. */
static inline bool is_ksm_zero_pte(pte_t pte)
{
	return is_zero_pfn(pte_pfn(pte)) && pte_dirty(pte);
}

static inline long mm_ksm_zero_pages(struct mm_struct *mm)
{
	return atomic_long_read(&mm->ksm_zero_pages);
}

static inline void ksm_map_zero_page(struct mm_struct *mm)
{
	atomic_long_inc(&ksm_zero_pages);
	atomic_long_inc(&mm->ksm_zero_pages);
}

/* A PTE is copied to @mm by fork. */
static inline void ksm_might_map_zero_page(struct mm_struct *mm, pte_t pte)
{
	if (is_ksm_zero_pte(pte))
		ksm_map_zero_page(mm);
}

static inline void ksm_might_unmap_zero_page(struct mm_struct *mm, pte_t pte)
{
	if (is_ksm_zero_pte(pte)) {
		atomic_long_dec(&ksm_zero_pages);
		atomic_long_dec(&mm->ksm_zero_pages);
	}
}

/* A new mm starts from zero, even where it is a copy of its parent's. */
static inline void ksm_init_mm(struct mm_struct *mm)
{
	mm->ksm_merging_pages = 0;
	mm->ksm_rmap_items = 0;
	atomic_long_set(&mm->ksm_zero_pages, 0);
}

/*
 * Best effort: a fork does not fail because its memory cannot be merged.
 *
 * From now on ksmd may visit @mm, whose pages are @oldmm's too.  It takes no
 * mmap_lock: so by now @oldmm's TLB must be flushed of the entries by which its
 * threads could still write to them.
 */
static inline void ksm_fork(struct mm_struct *mm, struct mm_struct *oldmm)
{
	if (test_bit(MMF_VM_MERGEABLE, &oldmm->flags))
		__ksm_enter(mm);
}

static inline int ksm_execve(struct mm_struct *mm)
{
	if (current->mm)
		mm->ksm_domain = READ_ONCE(current->mm->ksm_domain);
	return test_bit(MMF_VM_MERGE_ANY, &mm->flags) ? __ksm_enter(mm) : 0;
}

/*
 * Who calls exec does not decide for a program that gets rights by it.  Security modules
 * may call for a secure exec where none are got, as of each service that is started.
 * Before commit_creds(), so that the old rights can still be told.
 */
static inline void ksm_exec_secure(struct mm_struct *mm, const struct cred *new)
{
	const struct cred *old = current_cred();

	if (!uid_eq(new->euid, old->euid) || !gid_eq(new->egid, old->egid) ||
	    !cap_issubset(new->cap_permitted, old->cap_permitted))
		clear_bit(MMF_VM_MERGE_ANY, &mm->flags);
}

static inline void ksm_exit(struct mm_struct *mm)
{
	if (test_bit(MMF_VM_MERGEABLE, &mm->flags))
		__ksm_exit(mm);
}
#else /* !CONFIG_KSM */
static inline vm_flags_t ksm_vma_flags(struct mm_struct *mm,
				       const struct file *file,
				       vm_flags_t vm_flags)
{
	return vm_flags;
}

static inline void ksm_pressure_low(void)
{
}

static inline void ksm_pressure_group(void)
{
}

static inline void ksm_add_vma(struct vm_area_struct *vma)
{
}

static inline int ksm_disable(struct mm_struct *mm)
{
	return 0;
}

static inline int ksm_madvise(struct vm_area_struct *vma, unsigned long start,
			      unsigned long end, int advice,
			      unsigned long *vm_flags)
{
	return 0;
}

static inline struct folio *ksm_might_need_to_copy(struct folio *folio,
						   struct vm_area_struct *vma,
						   unsigned long addr)
{
	return folio;
}

static inline void rmap_walk_ksm(struct folio *folio,
				 struct rmap_walk_control *rwc)
{
}

static inline void folio_migrate_ksm(struct folio *newfolio,
				     struct folio *folio)
{
}

static inline void collect_procs_ksm(struct folio *folio, struct page *page,
				     struct list_head *to_kill, int force_early)
{
}

static inline void ksm_replace_poisoned(struct folio *folio)
{
}

static inline bool ksm_refuses_collapse(struct vm_area_struct *vma,
					unsigned long addr, pte_t *pte)
{
	return false;
}

static inline int ksm_unshare_page(struct mm_struct *mm, unsigned long addr)
{
	return 0;
}

static inline void ksm_cgroup_attach(struct cgroup_taskset *tset)
{
}

static inline void ksm_memcg_stat_format(struct mem_cgroup *memcg, struct seq_buf *s)
{
}

static inline bool ksm_hides_mapcount(const struct folio *folio)
{
	return false;
}

static inline bool ksm_hides_swapcount(void)
{
	return false;
}

static inline bool ksm_keeps_empty_pages(void)
{
	return false;
}

static inline void ksm_might_map_zero_page(struct mm_struct *mm, pte_t pte)
{
}

static inline void ksm_might_unmap_zero_page(struct mm_struct *mm, pte_t pte)
{
}

static inline void ksm_init_mm(struct mm_struct *mm)
{
}

static inline void ksm_fork(struct mm_struct *mm, struct mm_struct *oldmm)
{
}

static inline int ksm_execve(struct mm_struct *mm)
{
	return 0;
}

static inline void ksm_exec_secure(struct mm_struct *mm, const struct cred *new)
{
}

static inline void ksm_exit(struct mm_struct *mm)
{
}
#endif /* CONFIG_KSM */

#endif /* __LINUX_KSM_H */
