/* SPDX-License-Identifier: GPL-2.0 */
/* Programs that would overwrite what is set. */
#pragma once

#include <string>
#include <vector>

#include "persist/files.hpp"

namespace ksm
{

/* A warning for each that runs, or that is started at the next boot. */
std::vector<std::string> rivals(const config_root &root, const std::string &proc);

} /* namespace ksm */
