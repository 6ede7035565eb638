// SPDX-License-Identifier: GPL-2.0
#include "support/host.hpp"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sysfs.hpp"
#include "support/process.hpp"
#include "support/program.hpp"
#include "support/vm.hpp"

namespace ksm
{

namespace
{

/* As a distribution lets it run: by a user of its own. */
[[noreturn]] void run_qemu()
{
	require(!chmod("/dev/kvm", 0666) && !setgroups(0, nullptr) &&
			!setresgid(qemu::owner, qemu::owner, qemu::owner) &&
			!setresuid(qemu::owner, qemu::owner, qemu::owner),
		"cannot become the user of QEMU");
	become({"qemu-system-x86_64", "-machine", "pc,mem-merge=on", "-enable-kvm", "-cpu", "host",
		"-m", std::to_string(qemu::mib), "-mem-prealloc", "-nodefaults", "-no-user-config",
		"-display", "none", "-S"});
}

long resident_kb(pid_t pid)
{
	const std::string status = text_if_any("/proc/" + std::to_string(pid) + "/status");
	const std::size_t at = status.find("VmRSS:");

	return at == status.npos ? 0 : std::stol(status.substr(at + 6));
}

} /* namespace */

std::string why_no_qemu()
{
	const std::string why = why_no_vm();

	return why.empty() ? why_no_command("qemu-system-x86_64") : why;
}

qemu::qemu() : process_([](parent_link &) { run_qemu(); })
{
	await_that([this] { return resident_kb(pid()) > mib * 1024; }, "QEMU has its memory");
}

long free_kb()
{
	return meminfo_kb("MemFree") + meminfo_kb("Buffers") + meminfo_kb("Cached");
}

} /* namespace ksm */
