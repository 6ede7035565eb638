// SPDX-License-Identifier: GPL-2.0
/*
 * Room for the copies that unmerging makes.
 *
 * A fault that finds no memory calls the OOM killer: of the machine, or of a memory
 * cgroup.  Unmerging can do without, as its callers can be told that memory has run
 * out.  So it looks for room before it has the fault handler make a copy.
 *
 * That is a look at a few counters, once for many copies.  Only where they say that
 * memory is short are pages taken, charged and given back, to see whether they can be
 * had: as reclaim, writeback and swap decide that, and they are tried.
 */
#include <linux/gfp.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/page_counter.h>
#include <linux/sizes.h>
#include <linux/swap.h>
#include <linux/vmstat.h>

#include "internal.h"

/* Copies to find room for at a time, and pages beyond them for whoever comes next. */
#define ROOM_COPIES	64
#define ROOM_SPARE	32

/*
 * Would many copies leave too little for the rest of the machine?  Who makes a few
 * need not leave much.
 */
static bool machine_is_full(unsigned long copies)
{
	long spare = min3(copies, totalram_pages() / 64,
			  (unsigned long)SZ_64M >> PAGE_SHIFT);

	return si_mem_available() + get_nr_swap_pages() < spare + ROOM_COPIES;
}

/* Of all nodes: which of them the copies may come from is up to policies and cpusets. */
static bool node_is_short(void)
{
	int nid, i;

	for_each_node_state(nid, N_MEMORY) {
		unsigned long needed = ROOM_COPIES + ROOM_SPARE;

		for (i = 0; i < MAX_NR_ZONES; i++)
			needed += high_wmark_pages(&NODE_DATA(nid)->node_zones[i]);
		if (sum_zone_node_page_state(nid, NR_FREE_PAGES) < needed)
			return true;
	}
	return false;
}

#ifdef CONFIG_MEMCG
static bool counter_is_short(struct page_counter *counter)
{
	return page_counter_read(counter) + ROOM_COPIES + ROOM_SPARE >
	       READ_ONCE(counter->max);
}

/* Is a memory cgroup that is charged for the process's pages near its limit? */
static bool cgroup_is_short(struct mm_struct *mm)
{
	struct mem_cgroup *group, *memcg = get_mem_cgroup_from_mm(mm);
	bool is_short = false;

	for (group = memcg; group && !is_short; group = parent_mem_cgroup(group))
		is_short = counter_is_short(&group->memory) ||
			   (!cgroup_subsys_on_dfl(memory_cgrp_subsys) &&
			    counter_is_short(&group->memsw));
	mem_cgroup_put(memcg);
	return is_short;
}
#else
static bool cgroup_is_short(struct mm_struct *mm)
{
	return false;
}
#endif

/* Take as many pages as are wanted, and give them back. */
static bool try_pages(struct vm_area_struct *vma, unsigned long addr)
{
	/* Reclaim is tried, the OOM killer is not called. */
	gfp_t gfp = GFP_HIGHUSER_MOVABLE | __GFP_RETRY_MAYFAIL | __GFP_NOWARN;
	unsigned int wanted = ROOM_COPIES + ROOM_SPARE;
	struct folio *folio, *next;
	LIST_HEAD(taken);

	for (; wanted; wanted--) {
		folio = vma_alloc_folio(gfp, 0, vma, addr, false);
		if (!folio)
			break;
		list_add(&folio->lru, &taken);
		if (mem_cgroup_charge(folio, vma->vm_mm, gfp))
			break;
		cond_resched();
	}
	list_for_each_entry_safe(folio, next, &taken, lru) {
		list_del(&folio->lru);
		folio_put(folio);
	}
	return !wanted;
}

/**
 * ksm_room_make - see whether there is memory for a copy of a page
 * @room: what is known of that; no copies to begin with
 * @vma: VMA that maps the page
 * @addr: its address there
 *
 * To be called before each copy.
 *
 * Context: mmap_lock held, may sleep.
 * Return: 0; or -ENOMEM if the copy might have the OOM killer called, or leave too
 *	   little memory for others.
 */
int ksm_room_make(struct ksm_room *room, struct vm_area_struct *vma,
		  unsigned long addr)
{
	if (room->copies) {
		room->copies--;
		return 0;
	}
	if (room->made && machine_is_full(room->made))
		return -ENOMEM;
	if ((node_is_short() || cgroup_is_short(vma->vm_mm)) &&
	    !try_pages(vma, addr))
		return -ENOMEM;
	room->copies = ROOM_COPIES - 1;
	if (room->made < ULONG_MAX - ROOM_COPIES)
		room->made += ROOM_COPIES;
	return 0;
}
