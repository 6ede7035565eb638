// SPDX-License-Identifier: GPL-2.0
#include "lib/proc/victims.hpp"

#include <algorithm>
#include <functional>

#include <unistd.h>

#include "lib/proc/process.hpp"

namespace ksm
{

std::vector<victim> first_victims(const std::filesystem::path &proc, std::size_t most)
{
	const std::string self = std::to_string(getpid());
	std::vector<victim> all;

	for (const process &process : processes(proc)) {
		const std::int64_t score = process.oom_score();
		const auto resident = process.resident_kb();

		/* Kernel threads have no memory of their own. */
		if (score > 0 && resident && process.pid() != self)
			all.push_back({score, process.name(), process.pid(), *resident * 1024});
	}
	std::ranges::stable_sort(all, std::greater(), &victim::score);
	all.resize(std::min(all.size(), most));
	return all;
}

} /* namespace ksm */
