// SPDX-License-Identifier: GPL-2.0
#include "lib/proc/cgroups.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace fs = std::filesystem;

namespace ksm
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

std::vector<fs::path> cgroups_up_from(const std::string &cgroup)
{
	const fs::path from = cgroup;
	std::vector<fs::path> all;

	/* One outside of our namespace is shown by a way up. */
	if (!from.is_absolute() || std::ranges::find(from, "..") != from.end())
		return {};
	for (fs::path path = from; path.has_relative_path(); path = path.parent_path())
		all.push_back(path);
	return all;
}

} /* namespace ksm */
