// SPDX-License-Identifier: GPL-2.0
#include "lib/proc/vms.hpp"

namespace ksm
{
namespace
{

/* As KVM names what KVM_CREATE_VM returns; /dev/kvm itself is open in managers, too. */
constexpr const char *vm_file = "anon_inode:kvm-vm";

} /* namespace */

std::optional<bool> is_vm(const process &process)
{
	return process.has_open(vm_file);
}

vms find_vms(const std::filesystem::path &proc)
{
	vms vms;

	for (const process &process : processes(proc)) {
		const auto found = is_vm(process);

		if (!found)
			vms.hidden++;
		else if (*found)
			vms.found.push_back(process);
	}
	return vms;
}

} /* namespace ksm */
