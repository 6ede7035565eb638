/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include <sys/types.h>

#include "support/region.hpp"

/* Which pages are KSM pages, by the page tables and the page array. */
namespace ksm
{

/*
 * False on kernels that set KPF_KSM on every anonymous page (6.12 tests for any
 * of two bits where it means both). There, a page that is mapped more than once
 * counts as a KSM page, if smaps says that its VMA has any: true of all that these
 * tests do, but for a KSM page with one mapping left.
 */
bool kpageflags_knows_ksm();

std::vector<bool> which_are_ksm(const page_range &memory);
bool is_ksm_page(const void *address, pid_t pid = 0);

/* All KSM pages that some processes map, and how often they do. */
struct ksm_truth {
	std::map<std::uint64_t, std::size_t> mappings; /* PFN -> PTEs */
	std::size_t zero_ptes = 0;

	std::size_t frames() const { return mappings.size(); }
	std::size_t total() const;
	std::size_t extra() const { return total() - frames(); }
	std::size_t most() const;

	void add(const page_range &memory);
	/* Every mergeable VMA of the process. */
	void add_process(pid_t pid);
	/* Every other VMA of it that maps KSM pages: of processes that are gone, by fork. */
	void add_inherited(pid_t pid);
};

ksm_truth truth_of(const page_range &memory);

} /* namespace ksm */
