// SPDX-License-Identifier: GPL-2.0
/*
 * Domains: which pages may ever meet.
 *
 * Each domain has an index for each NUMA node.  Pages of two indexes are never
 * looked up, compared, counted or merged together.  There is one domain.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "index.h"
#include "state.h"

/**
 * struct ksm_domain - pages that may be merged with each other
 * @index: one for each NUMA node; only the first is used while
 *	   merge_across_nodes is on
 */
struct ksm_domain {
	struct ksm_index *index;
};

static struct ksm_domain global_domain;

/**
 * ksm_domain_of - find the domain of a process
 * @mm: process
 *
 * Return: its domain.
 */
struct ksm_domain *ksm_domain_of(struct mm_struct *mm)
{
	return &global_domain;
}

/**
 * ksm_domain_index - find the index of a domain for a node
 * @domain: domain
 * @nid: by ksm_domain_nid() or ksm_slot_nid()
 *
 * Return: its index.
 */
struct ksm_index *ksm_domain_index(struct ksm_domain *domain, int nid)
{
	return &domain->index[nid];
}

/**
 * ksm_domain_nid - tell which index of a domain a page belongs to
 * @page: page
 *
 * Return: its NUMA node, or 0 while pages are merged across nodes.
 */
int ksm_domain_nid(struct page *page)
{
	return ksm_knobs.merge_across_nodes ? 0 : page_to_nid(page);
}

/**
 * ksm_domain_next_index - walk the indexes of all domains
 * @index: the one before, or NULL
 *
 * Return: next index, NULL after the last.
 */
struct ksm_index *ksm_domain_next_index(struct ksm_index *index)
{
	if (!index)
		return global_domain.index;
	return index->nid + 1 < nr_node_ids ? index + 1 : NULL;
}

/**
 * ksm_domain_init - set up the global domain
 *
 * Return: 0 or -ENOMEM.
 */
int __init ksm_domain_init(void)
{
	int nid;

	global_domain.index = kcalloc(nr_node_ids, sizeof(struct ksm_index),
				      GFP_KERNEL);
	if (!global_domain.index)
		return -ENOMEM;
	for (nid = 0; nid < nr_node_ids; nid++) {
		global_domain.index[nid].domain = &global_domain;
		global_domain.index[nid].nid = nid;
	}
	return 0;
}
