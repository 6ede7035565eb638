/* SPDX-License-Identifier: GPL-2.0 */
/* Where cgroups of version 2 are, and what is above one. */
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ksm
{

/* The directory that they are mounted on; empty if there is none. */
std::filesystem::path cgroup_mount(const std::filesystem::path &proc);

/*
 * "/a/b" and "/a" of "/a/b", all but the root. None of a cgroup that is outside of our cgroup
 * namespace.
 */
std::vector<std::filesystem::path> cgroups_up_from(const std::string &cgroup);

} /* namespace ksm */
