// SPDX-License-Identifier: GPL-2.0
#include "support/ksm_pages.hpp"

#include <algorithm>

#include "support/pagemap.hpp"
#include "support/process.hpp"

namespace ksm
{

bool kpageflags_knows_ksm()
{
	static const bool knows = [] {
		region fresh(1);

		fresh.fill(0, 1);
		return !page_flag(pagemap_of(fresh.data()).pfn(), kpf_ksm);
	}();

	return knows;
}

std::vector<bool> which_are_ksm(const page_range &memory)
{
	const bool by_flag = kpageflags_knows_ksm();
	const std::size_t pages = memory.pages();
	const std::uintptr_t first = memory.address();
	std::vector<bool> in_vma(pages), result(pages);

	/* Others may map pages of the kernel, whose flags mean something else. */
	for (const auto &vma : vmas_with_ksm_pages(memory.pid())) {
		std::uintptr_t to = std::min(vma.to, first + pages * page_size);

		for (std::uintptr_t at = std::max(vma.from, first); at < to; at += page_size)
			in_vma[(at - first) / page_size] = true;
	}

	auto map = pagemap(memory);

	for (std::size_t i = 0; i < pages; i++) {
		if (!in_vma[i] || !map[i].pfn())
			continue;
		std::uint64_t flags = page_flags(map[i].pfn());

		result[i] = flags >> kpf_anon & 1 && flags >> kpf_ksm & 1 &&
			    (by_flag || page_map_count(map[i].pfn()) > 1);
	}
	return result;
}

bool is_ksm_page(const void *address, pid_t pid)
{
	return which_are_ksm({pid, address, 1})[0];
}

std::size_t ksm_truth::total() const
{
	std::size_t sum = 0;

	for (const auto &[pfn, count] : mappings)
		sum += count;
	return sum;
}

std::size_t ksm_truth::most() const
{
	std::size_t top = 0;

	for (const auto &[pfn, count] : mappings)
		top = std::max(top, count);
	return top;
}

void ksm_truth::add(const page_range &memory)
{
	auto merged = which_are_ksm(memory);
	auto map = pagemap(memory);

	for (std::size_t i = 0; i < memory.pages(); i++) {
		if (merged[i])
			mappings[map[i].pfn()]++;
		else if (map[i].pfn() && page_flag(map[i].pfn(), kpf_zero_page))
			zero_ptes++;
	}
}

void ksm_truth::add_process(pid_t pid)
{
	/*
	 * A folio that fork shares becomes a KSM folio in both processes, though
	 * only one of them may have asked for it: the other is not counted.
	 */
	for (const auto &vma : mergeable_vmas(pid))
		add({pid, vma.from, (vma.to - vma.from) / page_size});
}

void ksm_truth::add_inherited(pid_t pid)
{
	std::vector<address_range> known = mergeable_vmas(pid);

	for (const auto &vma : vmas_with_ksm_pages(pid)) {
		bool is_known = std::any_of(known.begin(), known.end(), [&](const auto &other) {
			return other.from == vma.from;
		});

		if (!is_known)
			add({pid, vma.from, (vma.to - vma.from) / page_size});
	}
}

ksm_truth truth_of(const page_range &memory)
{
	ksm_truth truth;

	truth.add(memory);
	return truth;
}

} /* namespace ksm */
