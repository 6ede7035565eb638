// SPDX-License-Identifier: GPL-2.0
#include "lib/proc/amounts.hpp"

#include <fstream>
#include <sstream>

#include "lib/page_size.hpp"

namespace ksm
{

std::optional<std::int64_t> bytes_of_kib(std::int64_t kib)
{
	return kib >= 0 && kib <= most_bytes / 1024 ? std::optional(kib * 1024) : std::nullopt;
}

amounts read_amounts(const std::filesystem::path &file)
{
	std::ifstream in(file);

	return parse_amounts(in);
}

amounts parse_amounts(std::istream &in)
{
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
		if (const auto exact = unit == "kB" ? bytes_of_kib(amount) : amount)
			all[name] = *exact;
	}
	return all;
}

std::optional<std::int64_t> amount_of(const amounts &all, const std::string &name)
{
	const auto found = all.find(name);

	return found == all.end() ? std::nullopt : std::optional(found->second);
}

} /* namespace ksm */
