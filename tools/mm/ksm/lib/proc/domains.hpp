/* SPDX-License-Identifier: GPL-2.0 */
/* Which domain of KSM a cgroup belongs to. */
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace ksm
{

class domains
{
public:
	/* Looks into /proc where version 2 of cgroups is mounted. */
	explicit domains(const std::filesystem::path &proc);

	/*
	 * The nearest cgroup from this one up that is marked by memory.ksm_domain; empty if
	 * there is none, or no such file.
	 */
	const std::string &of(const std::string &cgroup);

private:
	std::filesystem::path root_; /* empty where it is not mounted */
	std::map<std::string, std::string> known_;
};

} /* namespace ksm */
