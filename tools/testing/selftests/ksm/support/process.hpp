/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <sys/prctl.h>
#include <sys/types.h>

#include "support/region.hpp"

/* Debian 12's libc headers are older than the kernel that is tested. */
#ifndef PR_SET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE 67
#define PR_GET_MEMORY_MERGE 68
#endif
#ifndef PR_MEMORY_MERGE_NEW_DOMAIN
#define PR_MEMORY_MERGE_NEW_DOMAIN 1
#endif

/* What /proc says of a process, KSM's part of it; pid 0 is the caller. */
namespace ksm
{

/* PR_SET_MEMORY_MERGE of the caller: throws, or tells with 0 or an errno. */
void set_merge(bool on);
int try_set_merge(bool on);
/* The same, on, in a new domain. */
int try_set_merge_in_new_domain();
/* PR_GET_MEMORY_MERGE of the caller. */
int get_merge();

/* A figure of /proc/PID/ksm_stat; has_... tells whether that line exists. */
long ksm_stat(const std::string &name, pid_t pid = 0);
bool has_ksm_stat(const std::string &name, pid_t pid = 0);
std::string ksm_stat_text(const std::string &name, pid_t pid = 0);
long merging_pages(pid_t pid = 0);

/* A field of smaps of the VMA at this address, in kB. */
long smaps_kb(const void *address, const std::string &field, pid_t pid = 0);
/* The same of all VMAs, by the address at which each begins. */
std::map<std::uintptr_t, long> smaps_kb_of_all(const std::string &field, pid_t pid = 0);
/* The sum over all of them. */
long smaps_rollup_kb(const std::string &field, pid_t pid = 0);
/* True if the VMA has that two-letter flag in VmFlags. */
bool vma_has_flag(const void *address, const std::string &flag, pid_t pid = 0);

struct address_range {
	std::uintptr_t from;
	std::uintptr_t to;
};

/* Those that smaps shows as "mg". */
std::vector<address_range> mergeable_vmas(pid_t pid = 0);
/* Those of which smaps says that they map KSM pages. */
std::vector<address_range> vmas_with_ksm_pages(pid_t pid = 0);

/* All the KSM pages that smaps says a process maps, each mapping of them. */
long smaps_ksm_pages(pid_t pid);

/* A line of /proc/meminfo in kB, of /proc/vmstat as it is. */
long meminfo_kb(const std::string &name);
long vmstat(const std::string &name);
bool has_vmstat(const std::string &name);

/* Free pages of all zones, those in the lists of the CPUs included. */
long free_pages();

/* Nodes that have memory of their own. */
int memory_nodes();

/*
 * Asks for pages of a process to be on a node, whoever else maps them; tells how many
 * are there in the end.
 */
std::size_t move_to(pid_t pid, const std::vector<void *> &pages, int node);
std::size_t move_to(const page_range &memory, int node);

/* Empty if there are two nodes that have memory of their own. */
std::string why_not_two_nodes();

/* Where new memory of the caller comes from, if it can; -1: anywhere. */
void prefer_node(int node);

} /* namespace ksm */
