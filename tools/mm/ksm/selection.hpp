/* SPDX-License-Identifier: GPL-2.0 */
/* Processes that a command is about, as the user has named them. */
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lib/proc/process.hpp"

namespace ksm
{

struct selection {
	std::vector<std::string> pids;
	std::vector<std::string> vms;	/* their names */
	std::vector<std::string> units; /* of systemd, with or without .service */
	bool all = false;

	bool named() const { return !pids.empty() || !vms.empty() || !units.empty(); }
};

/*
 * All of them but ourselves, or those that are named, each once. Throws ksm::error if one
 * of them is not there.
 */
std::vector<process> selected(const std::filesystem::path &proc, const selection &selection);

} /* namespace ksm */
