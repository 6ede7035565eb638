// SPDX-License-Identifier: GPL-2.0
/*
 * Domains: which pages may ever meet.
 *
 * Each domain has an index for each NUMA node.  Pages of two indexes are never
 * looked up, compared, counted or merged together.
 *
 * A domain is what has a key, and nothing else: it comes with the first process that is
 * seen to have that key, and goes once neither a process nor a stable node is in it.
 */
#include <linux/hashtable.h>
#include <linux/jhash.h>
#include <linux/jump_label.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "index.h"
#include "state.h"

#define KSM_DOMAINS_HASH_BITS	10

DEFINE_STATIC_KEY_FALSE(ksm_domain_used);
DEFINE_STATIC_KEY_FALSE(ksm_domain_uniform_used);

/**
 * struct ksm_domain - pages that may be merged with each other
 * @key: whose pages these are
 * @hash: place in the hash by key
 * @link: place in the list of all domains
 * @unused: place in the list of those without processes, or empty
 * @processes: that are in it; of the global one they are not counted
 * @uniform: it has uniform faults
 * @shared: KSM folios that are shared, since that was last asked for
 * @sharing: further mappings of them, as well
 * @index: one for each NUMA node; only the first is used while
 *	   merge_across_nodes is on
 */
struct ksm_domain {
	struct ksm_domain_key key;
	struct hlist_node hash;
	struct list_head link;
	struct list_head unused;
	unsigned long processes;
	bool uniform;
	long shared;
	long sharing;
	struct ksm_index index[];
};

/* All of this is guarded by ksm_mutex. */
static DEFINE_HASHTABLE(domains_hash, KSM_DOMAINS_HASH_BITS);
static LIST_HEAD(domains);
static LIST_HEAD(unused_domains);
static struct ksm_domain *global_domain;
static struct ksm_index *turn;

static size_t domain_bytes(void)
{
	return struct_size(global_domain, index, nr_node_ids);
}

static u32 hash_of(const struct ksm_domain_key *key)
{
	return jhash(key, sizeof(*key), 0);
}

static bool same_key(const struct ksm_domain_key *a, const struct ksm_domain_key *b)
{
	return a->group == b->group && a->own == b->own && a->user == b->user;
}

static struct ksm_domain *find(const struct ksm_domain_key *key)
{
	struct ksm_domain *domain;

	hash_for_each_possible(domains_hash, domain, hash, hash_of(key))
		if (same_key(&domain->key, key))
			return domain;
	return NULL;
}

static struct ksm_domain *create(const struct ksm_domain_key *key)
{
	struct ksm_domain *domain = kzalloc(domain_bytes(), ksm_gfp);
	int nid;

	if (!domain)
		return NULL;
	domain->key = *key;
	INIT_LIST_HEAD(&domain->unused);
	for (nid = 0; nid < nr_node_ids; nid++) {
		domain->index[nid].domain = domain;
		domain->index[nid].nid = nid;
	}
	hash_add(domains_hash, &domain->hash, hash_of(key));
	list_add_tail(&domain->link, &domains);
	atomic_long_add(domain_bytes(), &ksm_stats.bytes);
	return domain;
}

/**
 * ksm_domain_global - tell the domain of all processes that are kept apart by nothing
 *
 * Return: that domain, which is always there.
 */
struct ksm_domain *ksm_domain_global(void)
{
	return global_domain;
}

/**
 * ksm_domain_get - find the domain for a process that comes into it, or make it
 * @key: key
 *
 * Context: ksm_mutex held, may sleep.
 * Return: domain, to be given back by ksm_domain_put(); NULL if there is no memory.
 */
struct ksm_domain *ksm_domain_get(const struct ksm_domain_key *key)
{
	struct ksm_domain *domain = find(key) ?: create(key);

	if (domain && domain != global_domain) {
		list_del_init(&domain->unused);
		domain->processes++;
	}
	return domain;
}

/**
 * ksm_domain_put - note that a process leaves a domain
 * @domain: domain
 *
 * Context: ksm_mutex held, unless it is the global one.
 */
void ksm_domain_put(struct ksm_domain *domain)
{
	if (domain != global_domain && !--domain->processes)
		list_add_tail(&domain->unused, &unused_domains);
}

/**
 * ksm_domain_has - tell whether a domain has a key
 * @domain: domain
 * @key: key
 *
 * Return: true if so.
 */
bool ksm_domain_has(const struct ksm_domain *domain, const struct ksm_domain_key *key)
{
	return same_key(&domain->key, key);
}

/* See ksm_domain_uniform(). */
bool ksm_domain_is_uniform(const struct ksm_domain *domain)
{
	return domain->uniform;
}

/**
 * ksm_domain_set_uniform - say whether a domain has uniform faults
 * @domain: domain
 * @uniform: whether
 *
 * Context: ksm_mutex held.
 */
void ksm_domain_set_uniform(struct ksm_domain *domain, bool uniform)
{
	domain->uniform = uniform;
}

static bool is_empty(const struct ksm_domain *domain)
{
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++)
		if (!ksm_forest_empty(&domain->index[nid].stable))
			return false;
	return true;
}

/**
 * ksm_domain_reap - free the domains that nothing is in any more
 *
 * Context: ksm_mutex held; no walk over indexes goes on.
 */
void ksm_domain_reap(void)
{
	struct ksm_domain *domain, *next;

	list_for_each_entry_safe(domain, next, &unused_domains, unused) {
		if (!is_empty(domain) || domain->shared || domain->sharing)
			continue;
		if (turn && turn->domain == domain)
			turn = list_is_last(&domain->link, &domains) ? NULL :
				list_next_entry(domain, link)->index;
		hash_del(&domain->hash);
		list_del(&domain->link);
		list_del(&domain->unused);
		atomic_long_sub(domain_bytes(), &ksm_stats.bytes);
		kfree(domain);
	}
}

/**
 * ksm_domain_next - walk all domains
 * @domain: the one before, or NULL
 *
 * Context: ksm_mutex held.
 * Return: next domain, NULL after the last.
 */
struct ksm_domain *ksm_domain_next(struct ksm_domain *domain)
{
	if (!domain)
		return global_domain;
	return list_is_last(&domain->link, &domains) ? NULL : list_next_entry(domain, link);
}

/**
 * ksm_domain_count - count what is shared in a domain
 * @domain: domain
 * @shared: KSM folios more
 * @sharing: further mappings more
 *
 * Context: ksm_mutex held.
 */
void ksm_domain_count(struct ksm_domain *domain, long shared, long sharing)
{
	domain->shared += shared;
	domain->sharing += sharing;
}

/**
 * ksm_domain_take_counts - tell what has been counted since the last call
 * @domain: domain
 * @group: set to the number of the memory cgroup that has this domain
 * @shared: set to the KSM folios more
 * @sharing: set to the further mappings more
 *
 * Context: ksm_mutex held.
 * Return: false if there is nothing to tell, or nobody to tell it to.
 */
bool ksm_domain_take_counts(struct ksm_domain *domain, u64 *group, long *shared,
			    long *sharing)
{
	*group = domain->key.group;
	*shared = domain->shared;
	*sharing = domain->sharing;
	domain->shared = 0;
	domain->sharing = 0;
	return *group && (*shared || *sharing);
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
 * Context: ksm_mutex held.
 * Return: next index, NULL after the last.
 */
struct ksm_index *ksm_domain_next_index(struct ksm_index *index)
{
	struct ksm_domain *domain;

	if (index && index->nid + 1 < nr_node_ids)
		return index + 1;
	domain = ksm_domain_next(index ? index->domain : NULL);
	return domain ? domain->index : NULL;
}

/**
 * ksm_domain_turn - tell which index is to be searched next, when all take turns
 *
 * Context: ksm_mutex held.
 * Return: index.
 */
struct ksm_index *ksm_domain_turn(void)
{
	if (!turn)
		turn = ksm_domain_next_index(NULL);
	return turn;
}

/**
 * ksm_domain_end_turn - have the next index be searched
 *
 * Context: ksm_mutex held.
 */
void ksm_domain_end_turn(void)
{
	turn = ksm_domain_next_index(turn);
}

/**
 * ksm_domain_init - set up the global domain
 *
 * Return: 0 or -ENOMEM.
 */
int __init ksm_domain_init(void)
{
	static const struct ksm_domain_key key;

	global_domain = create(&key);
	return global_domain ? 0 : -ENOMEM;
}
