// SPDX-License-Identifier: GPL-2.0
#include "lib/proc/amounts.hpp"

#include <fstream>
#include <sstream>

namespace ksm
{

amounts read_amounts(const std::filesystem::path &file)
{
	std::ifstream in(file);
	amounts all;

	for (std::string line; std::getline(in, line);) {
		std::istringstream words(line);
		std::string name, unit;
		std::int64_t amount = 0;

		if (!(words >> name >> amount))
			continue;
		if (name.ends_with(':'))
			name.pop_back();
		words >> unit;
		all[name] = unit == "kB" ? amount * 1024 : amount;
	}
	return all;
}

std::optional<std::int64_t> amount_of(const amounts &all, const std::string &name)
{
	const auto found = all.find(name);

	return found == all.end() ? std::nullopt : std::optional(found->second);
}

} /* namespace ksm */
