// SPDX-License-Identifier: GPL-2.0
#include "chosen.hpp"

#include "error.hpp"

namespace ksm
{

std::vector<process> chosen(const std::filesystem::path &proc, const std::vector<std::string> &pids)
{
	std::vector<process> found;

	for (const std::string &pid : pids) {
		std::error_code ec;

		if (!std::filesystem::exists(proc / pid, ec))
			throw error("there is no process " + pid,
				    "'ksmctl ps' lists those that offer memory");
		found.emplace_back(proc / pid);
	}
	return found;
}

} /* namespace ksm */
