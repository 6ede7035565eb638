// SPDX-License-Identifier: GPL-2.0
#include <algorithm>

#include "explain/finding.hpp"

namespace ksm
{

std::vector<finding> judge(const view &view)
{
	static constexpr judgement (*rules[])(const ksm::view &) = {
		counters_hidden,   stopped,	  left_unshared,
		nothing_offered,   exposed,	  domains_pending,
		several_writers,   knobs_changed, writer_beside_advisor,
		thrashing,	   unpaying,	  too_busy,
		huge_pages_tossed, too_slow,	  hidden_by_huge_pages,
		too_many_copies,   stale_chains,  odd_knobs,
	};
	std::vector<finding> found;

	for (const auto rule : rules)
		if (const judgement one = rule(view))
			found.push_back(*one);
	std::ranges::stable_sort(found, {}, &finding::level);
	return found;
}

} /* namespace ksm */
