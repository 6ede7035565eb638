// SPDX-License-Identifier: GPL-2.0
#include "support/tenant.hpp"

#include "support/cgroup.hpp"
#include "support/ksm_pages.hpp"

namespace ksm
{

namespace
{

[[noreturn]] void live(parent_link &parent, std::uint64_t seed, const tenant::first_of_all &first)
{
	first();
	parent.reach("started");
	region memory(tenant::pages);
	memory.fill_unique(seed * 1000);
	memory.mergeable();
	parent.reach("filled", memory.data());
	for (;;)
		parent.reach("filled", std::uint64_t(memory.strangers_unique(seed * 1000)));
}

} /* namespace */

tenant::tenant(std::uint64_t seed, const memory_group *group, const first_of_all &first)
	: process_([=](parent_link &parent) { live(parent, seed, first); })
{
	process_.await("started");
	if (group)
		group->join(process_.pid());
	process_.go_on("started");
	memory_ = std::make_unique<page_range>(process_.pid(), process_.await("filled"), pages);
}

bool tenant::is_intact()
{
	process_.go_on("filled");
	return process_.await("filled") == 0;
}

std::size_t shared_by(const page_range &one, const page_range &other)
{
	ksm_truth all = truth_of(one);
	std::size_t shared = 0;

	for (const auto &[pfn, mappings] : truth_of(other).mappings)
		shared += all.mappings.contains(pfn);
	return shared;
}

std::size_t shared_by(const tenant &one, const tenant &other)
{
	return shared_by(one.memory(), other.memory());
}

} /* namespace ksm */
