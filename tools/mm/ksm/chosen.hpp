/* SPDX-License-Identifier: GPL-2.0 */
/* Processes that the user has named. */
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lib/proc/process.hpp"

namespace ksm
{

/* By their PIDs; throws ksm::error if there is no such process. */
std::vector<process> chosen(const std::filesystem::path &proc,
			    const std::vector<std::string> &pids);

} /* namespace ksm */
