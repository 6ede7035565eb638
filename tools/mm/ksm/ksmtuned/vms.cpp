// SPDX-License-Identifier: GPL-2.0
#include "ksmtuned/vms.hpp"

#include <algorithm>

#include "ksmtuned/pattern.hpp"

namespace ksm::tuned
{
namespace
{

/* As KVM names what KVM_CREATE_VM returns; /dev/kvm itself is open in managers, too. */
constexpr const char *vm_file = "anon_inode:kvm-vm";

vms by_pattern(std::vector<process> all, const pattern &pattern)
{
	vms vms;

	std::ranges::copy_if(all, std::back_inserter(vms.found), [&](const process &process) {
		const std::string line = process.command_line();

		return !line.empty() && pattern.matches(line);
	});
	return vms;
}

vms by_files(std::vector<process> all)
{
	vms vms;

	for (const process &process : all) {
		const auto is_vm = process.has_open(vm_file);

		if (!is_vm)
			vms.hidden++;
		else if (*is_vm)
			vms.found.push_back(process);
	}
	return vms;
}

} /* namespace */

vms find_vms(const std::filesystem::path &proc, const settings &settings)
{
	if (settings.vm_pattern.empty())
		return by_files(processes(proc));
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
