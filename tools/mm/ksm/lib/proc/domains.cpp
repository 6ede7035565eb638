// SPDX-License-Identifier: GPL-2.0
#include "lib/proc/domains.hpp"

#include <fstream>

#include "lib/proc/cgroups.hpp"

namespace fs = std::filesystem;

namespace ksm
{
namespace
{

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

	if (!is_new || root_.empty())
		return at->second;
	for (const fs::path &path : cgroups_up_from(cgroup))
		if (is_marked(root_ / path.relative_path())) {
			at->second = path;
			break;
		}
	return at->second;
}

} /* namespace ksm */
