/* SPDX-License-Identifier: GPL-2.0 */
/* Which processes are virtual machines. */
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <vector>

#include "lib/proc/process.hpp"

namespace ksm
{

struct vms {
	std::vector<process> found;
	std::size_t hidden = 0; /* processes whose file descriptors we may not see */
};

/*
 * True if it holds a virtual machine of KVM, whatever program it is and however it was
 * started; nothing if its file descriptors are hidden from us.
 */
std::optional<bool> is_vm(const process &process);

vms find_vms(const std::filesystem::path &proc);

} /* namespace ksm */
