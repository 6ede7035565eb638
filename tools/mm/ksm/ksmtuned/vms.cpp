// SPDX-License-Identifier: GPL-2.0
#include "ksmtuned/vms.hpp"

#include <algorithm>

#include "ksmtuned/pattern.hpp"

namespace ksm::tuned
{
namespace
{

vms by_pattern(std::vector<process> all, const pattern &pattern)
{
	vms vms;

	std::ranges::copy_if(all, std::back_inserter(vms.found), [&](const process &process) {
		const std::string line = process.command_line();

		return !line.empty() && pattern.matches(line);
	});
	return vms;
}

} /* namespace */

vms find_vms(const std::filesystem::path &proc, const settings &settings)
{
	if (settings.vm_pattern.empty())
		return ksm::find_vms(proc);
	return by_pattern(processes(proc), pattern(settings.vm_pattern));
}

std::int64_t committed_kb(const vms &vms, metric metric)
{
	std::int64_t sum = 0;

	for (const process &process : vms.found)
		sum += (metric == metric::pss ? process.proportional_kb() : process.resident_kb())
			       .value_or(0);
	return sum;
}

} /* namespace ksm::tuned */
