// SPDX-License-Identifier: GPL-2.0
#include "watch/savers.hpp"

#include <algorithm>
#include <functional>

#include "lib/proc/process.hpp"

namespace ksm
{

savers find_savers(const std::string &proc)
{
	savers found;

	for (const process &process : processes(proc)) {
		const auto stat = process.stat();

		if (!stat)
			found.hidden += process.hidden();
		else if (stat->knows_pages())
			found.all.push_back({stat->profit, stat->merging_pages + stat->zero_pages,
					     process.pid(), process.name()});
	}
	std::ranges::stable_sort(found.all, std::greater(), &saver::saved);
	return found;
}

} /* namespace ksm */
