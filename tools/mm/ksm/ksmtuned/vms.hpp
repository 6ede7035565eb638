/* SPDX-License-Identifier: GPL-2.0 */
/* Which processes are virtual machines, and how much memory they hold. */
#pragma once

#include <filesystem>
#include <vector>

#include "ksmtuned/process.hpp"
#include "ksmtuned/settings.hpp"

namespace ksm::tuned
{

struct vms {
	std::vector<process> found;
	std::size_t hidden = 0; /* processes whose file descriptors we may not see */
};

/*
 * Those that hold a virtual machine of KVM, whatever program they are and however it was
 * started; or those whose command line matches the pattern, if there is one.
 */
vms find_vms(const std::filesystem::path &proc, const settings &settings);

/* Memory of them all, in kB. */
std::int64_t committed_kb(const vms &vms, metric metric);

} /* namespace ksm::tuned */
