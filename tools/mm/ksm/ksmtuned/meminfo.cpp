// SPDX-License-Identifier: GPL-2.0
#include "ksmtuned/meminfo.hpp"

#include <fstream>
#include <string>

#include "error.hpp"
#include "format.hpp"

namespace ksm::tuned
{

meminfo read_meminfo(const std::filesystem::path &proc)
{
	std::ifstream in(proc / "meminfo");
	meminfo result = {0, 0};

	for (std::string line; std::getline(in, line);) {
		const std::size_t colon = line.find(':');
		const std::string name = line.substr(0, colon);
		const std::int64_t amount =
			colon == line.npos ? 0 : std::atoll(line.c_str() + colon + 1);

		if (name == "MemTotal")
			result.total = amount;
		else if (name == "MemFree" || name == "Buffers" || name == "Cached")
			result.free += amount;
	}
	if (result.total <= 0)
		throw error(fmt::format("{} does not say how much memory there is",
					(proc / "meminfo").string()),
			    "mount the proc filesystem there");
	return result;
}

} /* namespace ksm::tuned */
