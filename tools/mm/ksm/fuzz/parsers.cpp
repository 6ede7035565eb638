// SPDX-License-Identifier: GPL-2.0
/* libFuzzer writes what is read from a file of /proc or sysfs: each parser takes anything. */
#include <algorithm>
#include <cstdint>
#include <sstream>

#include "fuzz/defect.hpp"
#include "knobs.hpp"
#include "lib/proc/amounts.hpp"
#include "lib/proc/cgroups.hpp"
#include "lib/proc/mappings.hpp"
#include "tests/lines.hpp"
#include "utf8.hpp"

using namespace ksm;

namespace
{

void check_knob(const std::string &text)
{
	const auto [value, choices] = parse_knob(text);

	if (choices.empty() ? value != text : std::ranges::find(choices, value) == choices.end())
		defect("a value that is not there", value);
}

void check_cgroup(const std::string &text)
{
	const place place = place_of(lines_of(text));

	if (!place.cgroup.starts_with(place.unit_cgroup()))
		defect("a unit outside of its cgroup", place.unit);
	for (const auto &cgroup : cgroups_up_from(place.cgroup))
		if (std::ranges::find(cgroup, "..") != cgroup.end() || !cgroup.has_relative_path())
			defect("no cgroup below the root", cgroup);
}

void check_amounts(const std::string &text)
{
	std::istringstream in(text);

	for (const auto &[name, amount] : parse_amounts(in))
		if (text.find(name) == text.npos)
			defect("a name that is not there", name);
}

void check_mappings(const std::string &text)
{
	for (const mapping &mapping : parse_mappings(text))
		for (const std::int64_t amount :
		     {mapping.resident, mapping.shared, mapping.anonymous, mapping.ksm,
		      mapping.huge, mapping.hugetlb, mapping.swapped})
			if (amount < 0)
				defect("less than nothing", std::to_string(amount));
}

void check_text(const std::string &text)
{
	const std::string shown = printable(text);

	if (printable(shown) != shown || characters(shown) > text.size())
		defect("no text for a terminal", shown);
}

} /* namespace */

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	const std::string text(reinterpret_cast<const char *>(data), size);

	check_knob(text);
	check_cgroup(text);
	check_amounts(text);
	check_mappings(text);
	check_text(text);
	parse_ksm_stat(text);
	const std::string name = guest_name(lines_of(text));
	if (text.find(name.substr(0, name.find(','))) == text.npos)
		defect("a name that is not there", name);
	return 0;
}
