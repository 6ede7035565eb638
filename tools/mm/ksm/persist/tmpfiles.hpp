/* SPDX-License-Identifier: GPL-2.0 */
/* Knobs for each boot, by systemd-tmpfiles. */
#pragma once

#include <string>

#include "persist/profiles.hpp"

namespace ksm
{

constexpr const char *tmpfiles_conf = "/etc/tmpfiles.d/ksmctl.conf";

/* It leaves out by itself what the kernel does not have. */
std::string tmpfiles_text(const profile &profile);

} /* namespace ksm */
