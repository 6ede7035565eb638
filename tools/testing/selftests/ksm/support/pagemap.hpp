/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <sys/types.h>

#include "support/region.hpp"

/*
 * What the page tables and the page array say, read by another way than KSM's
 * own counters: the ground truth of these tests.
 */
namespace ksm
{

struct mapped_page {
	std::uint64_t entry;

	bool present() const { return entry >> 63 & 1; }
	bool swapped() const { return entry >> 62 & 1; }
	bool uffd_wp() const { return entry >> 57 & 1; }
	bool exclusive() const { return entry >> 56 & 1; }
	bool soft_dirty() const { return entry >> 55 & 1; }
	/* 0 if there is no page, or if it may not be known. */
	std::uint64_t pfn() const { return present() ? entry & ((1ULL << 55) - 1) : 0; }
};

std::vector<mapped_page> pagemap(const page_range &memory);
mapped_page pagemap_of(const void *address, pid_t pid = 0);
/* Of pages that lie anywhere in a process. */
std::vector<mapped_page> pagemap_of_each(const std::vector<std::uintptr_t> &addresses,
					 pid_t pid = 0);
/* How many of these are swapped out. */
std::size_t swapped(const page_range &memory);

/* Bits of /proc/kpageflags. */
inline constexpr int kpf_anon = 12;
inline constexpr int kpf_ksm = 21;
inline constexpr int kpf_thp = 22;
inline constexpr int kpf_zero_page = 24;
inline constexpr int kpf_mlocked = 33;

std::uint64_t page_flags(std::uint64_t pfn);
bool page_flag(std::uint64_t pfn, int bit);
std::uint64_t page_map_count(std::uint64_t pfn);

/* The NUMA node that a page of this process is on; throws if it has none. */
int node_of(const void *address);

} /* namespace ksm */
