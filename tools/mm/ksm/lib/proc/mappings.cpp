// SPDX-License-Identifier: GPL-2.0
#include "lib/proc/mappings.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <system_error>

#include "lib/proc/amounts.hpp"
#include "lib/sysfs.hpp"

namespace ksm
{
namespace
{

/* Takes the next word off the text. */
std::string_view next_word(std::string_view &text)
{
	const std::size_t from = std::min(text.find_first_not_of(' '), text.size());
	const std::size_t to = std::min(text.find(' ', from), text.size());
	const std::string_view word = text.substr(from, to - from);

	text.remove_prefix(to);
	return word;
}

std::uint64_t hexadecimal(std::string_view text)
{
	std::uint64_t number = 0;

	std::from_chars(text.data(), text.data() + text.size(), number, 16);
	return number;
}

/* "7f00-7f10 r-xp 00000000 08:01 77    /usr/lib/some file" */
mapping parse_heading(std::string_view line)
{
	mapping mapping;
	const std::string_view range = next_word(line);
	const std::size_t dash = range.find('-');

	mapping.from = hexadecimal(range.substr(0, dash));
	mapping.to = hexadecimal(range.substr(dash + 1));
	mapping.readable = next_word(line).starts_with('r');
	next_word(line); /* the offset, the device and the inode */
	next_word(line);
	next_word(line);
	mapping.name = line.substr(std::min(line.find_first_not_of(' '), line.size()));
	return mapping;
}

/* "Rss:    12 kB" and "VmFlags: rd wr" */
void add_line(mapping &mapping, std::string_view line)
{
	const std::string_view name = next_word(line);

	if (name == "VmFlags:") {
		mapping.flags = std::string(line) + " ";
		return;
	}
	const std::int64_t amount =
		bytes_of_kib(number_in(next_word(line)).value_or(0)).value_or(0);
	if (name == "Rss:")
		mapping.resident = amount;
	else if (name == "Shared_Clean:" || name == "Shared_Dirty:")
		mapping.shared += amount;
	else if (name == "Anonymous:")
		mapping.anonymous = amount;
	else if (name == "KSM:")
		mapping.ksm = amount;
	else if (name == "AnonHugePages:")
		mapping.huge = amount;
	else if (name == "Shared_Hugetlb:" || name == "Private_Hugetlb:")
		mapping.hugetlb += amount;
	else if (name == "Swap:")
		mapping.swapped = amount;
}

} /* namespace */

bool mapping::has(std::string_view flag) const
{
	return flags.find(" " + std::string(flag) + " ") != flags.npos;
}

/* As the kernel judges by the same flags. */
mapping_kind mapping::kind() const
{
	const auto has_any = [this](std::initializer_list<const char *> flags) {
		return std::ranges::any_of(flags, [this](const char *flag) { return has(flag); });
	};

	/* The vsyscall page is the kernel's. */
	if (from >> 63)
		return mapping_kind::special;
	if (has("ht"))
		return mapping_kind::hugetlb;
	if (has_any({"io", "pf"}))
		return mapping_kind::device;
	if (has_any({"sh", "ms"}))
		return mapping_kind::shared;
	/* No more pages by fork or growth, mixed with others, droppable, or a shadow stack. */
	if (has_any({"de", "mm", "dp", "ss"}))
		return mapping_kind::special;
	return mapping_kind::can_merge;
}

std::vector<mapping> parse_mappings(std::string_view left)
{
	std::vector<mapping> all;

	while (!left.empty()) {
		const std::size_t end = std::min(left.find('\n'), left.size());
		const std::string_view line = left.substr(0, end);

		/* Names of fields begin with a capital, addresses do not. */
		if (!line.empty() && !std::isupper((unsigned char)line[0]))
			all.push_back(parse_heading(line));
		else if (!all.empty())
			add_line(all.back(), line);
		left.remove_prefix(std::min(end + 1, left.size()));
	}
	return all;
}

std::optional<std::vector<mapping>> mappings_of(const process &process)
{
	try {
		return parse_mappings(read_text(process.dir() / "smaps"));
	} catch (const std::system_error &) {
		return std::nullopt;
	}
}

std::optional<std::int64_t> offered_bytes(const process &process)
{
	const auto stat = process.stat();
	std::int64_t sum = 0;

	/* Most processes offer nothing, and smaps takes a walk of all page tables. */
	if (stat && stat->mergeable == false)
		return 0;
	const auto mappings = mappings_of(process);
	if (!mappings)
		return std::nullopt;
	for (const mapping &mapping : *mappings)
		if (mapping.offered())
			sum += mapping.bytes();
	return sum;
}

} /* namespace ksm */
