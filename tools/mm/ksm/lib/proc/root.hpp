/* SPDX-License-Identifier: GPL-2.0 */
/* Another directory in the place of /proc, for this process and those that it starts. */
#pragma once

#include <string>

namespace ksm
{

/*
 * libproc2 cannot be told where to look. So this takes a mount namespace of our own, and of an
 * ordinary user one of users, too. Nothing is done where @dir is /proc already. Throws
 * ksm::error.
 */
void see_as_proc(const std::string &dir);

} /* namespace ksm */
