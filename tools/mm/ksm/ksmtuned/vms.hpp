/* SPDX-License-Identifier: GPL-2.0 */
/* Which processes count as virtual machines, and how much memory they hold. */
#pragma once

#include <cstdint>
#include <filesystem>

#include "ksmtuned/settings.hpp"
#include "lib/proc/vms.hpp"

namespace ksm::tuned
{

/* Those of KVM, or those whose command line matches the pattern, if there is one. */
vms find_vms(const std::filesystem::path &proc, const settings &settings);

/* Memory of them all, in kB. */
std::int64_t committed_kb(const vms &vms, metric metric);

} /* namespace ksm::tuned */
