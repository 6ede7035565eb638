// SPDX-License-Identifier: GPL-2.0
#include "advise/pieces.hpp"

#include <algorithm>

namespace ksm
{
namespace
{

/*
 * Cut at multiples of that size: the kernel splits the mapping there, and would split a huge
 * page that lies across.
 */
void cut(const mapping &mapping, std::vector<piece> &pieces)
{
	for (std::uint64_t at = mapping.from; at < mapping.to;) {
		const std::uint64_t last = at | (most_bytes_at_once - 1);
		const std::uint64_t end = std::min(last, mapping.to - 1) + 1;

		pieces.push_back({at, end});
		at = end;
	}
}

} /* namespace */

wanted wanted_of(const std::vector<mapping> &mappings, advice advice)
{
	const bool offers = advice == advice::offer;
	wanted wanted;

	for (const mapping &mapping : mappings) {
		if (offers && mapping.kind() != mapping_kind::can_merge)
			continue;
		if (mapping.offered() == offers) {
			wanted.done_bytes += mapping.bytes();
			continue;
		}
		cut(mapping, wanted.pieces);
		wanted.used_bytes += mapping.anonymous + mapping.swapped;
	}
	return wanted;
}

} /* namespace ksm */
