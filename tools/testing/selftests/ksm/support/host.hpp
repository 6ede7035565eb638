/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <string>

#include "support/child.hpp"

/* What a host of virtual machines has: QEMU's processes, and memory that gets short. */
namespace ksm
{

/* Empty if QEMU can make a virtual machine of KVM here. */
std::string why_no_qemu();

/* QEMU with a machine that does not run, and has all its memory. */
class qemu
{
public:
	static constexpr long mib = 80;
	static constexpr unsigned owner = 65534;

	qemu();
	~qemu() { process_.kill(); }

	pid_t pid() const { return process_.pid(); }

private:
	child process_;
};

/* What counts as free for ksmtuned, in kB. */
long free_kb();

} /* namespace ksm */
