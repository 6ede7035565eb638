// SPDX-License-Identifier: GPL-2.0
#include "watch/savers.hpp"

#include <algorithm>
#include <functional>

#include "lib/proc/vms.hpp"

namespace ksm
{
namespace
{

/* Others than virtual machines have a -name for something else. */
std::string shown_name(const process &process)
{
	const std::string program = process.program(), guest = process.name();

	return guest != program && is_vm(process).value_or(false) ? guest + " (VM)" : program;
}

} /* namespace */

savers find_savers(const std::string &proc)
{
	savers found;

	for (const process &process : processes(proc)) {
		const auto stat = process.stat();

		if (!stat)
			found.hidden += process.hidden();
		else if (stat->knows_pages())
			found.all.push_back({stat->profit, stat->merging_pages + stat->zero_pages,
					     process.pid(), shown_name(process)});
	}
	std::ranges::stable_sort(found.all, std::greater(), &saver::saved);
	return found;
}

} /* namespace ksm */
