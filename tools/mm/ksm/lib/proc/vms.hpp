/* SPDX-License-Identifier: GPL-2.0 */
/* Which processes are virtual machines. */
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "lib/proc/process.hpp"

namespace ksm
{

struct vms {
	std::vector<process> found;
	std::size_t hidden = 0; /* processes whose file descriptors we may not see */
};

/*
 * Those that hold a virtual machine of KVM, whatever program they are and however it was
 * started.
 */
vms find_vms(const std::filesystem::path &proc);

} /* namespace ksm */
