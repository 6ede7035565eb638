// SPDX-License-Identifier: GPL-2.0
#include "lib/proc/domains.hpp"

#include <fstream>
#include <sstream>

namespace fs = std::filesystem;

namespace ksm
{
namespace
{

/* "36 35 0:30 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw" */
fs::path cgroup_mount(const fs::path &proc)
{
	std::ifstream in(proc / "self/mountinfo");

	for (std::string line; std::getline(in, line);) {
		std::istringstream words(line);
		std::string word, where;

		if (line.find(" - cgroup2 ") == line.npos)
			continue;
		for (int skipped = 0; skipped < 4; skipped++)
			words >> word;
		if (words >> where)
			return where;
	}
	return {};
}

bool is_marked(const fs::path &dir)
{
	std::ifstream in(dir / "memory.ksm_domain");
	int value = 0;

	return in >> value && value;
}

} /* namespace */

domains::domains(const fs::path &proc) : root_(cgroup_mount(proc)) {}

const std::string &domains::of(const std::string &cgroup)
{
	const auto [at, is_new] = known_.try_emplace(cgroup);

	/* One that is outside of our cgroup namespace is shown by a way up. */
	if (!is_new || root_.empty() || !cgroup.starts_with('/') || cgroup.starts_with("/.."))
		return at->second;
	for (fs::path path = cgroup; path.has_relative_path(); path = path.parent_path())
		if (is_marked(root_ / path.relative_path())) {
			at->second = path;
			break;
		}
	return at->second;
}

} /* namespace ksm */
