// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer writes configurations: each is taken or refused, by a line that is there, and what
 * was taken can be written down and read again.
 */
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "error.hpp"
#include "ksmtuned/settings.hpp"

using namespace ksm::tuned;

namespace
{

[[noreturn]] void defect(const char *what, const std::string &text)
{
	std::fprintf(stderr, "%s: %s\n", what, text.c_str());
	std::abort();
}

configuration parse(std::string_view text)
{
	return configure(read_assignments(text, "conf", {}), "conf");
}

void check_taken(const settings &settings)
{
	const std::string text = text_of(settings);

	try {
		if (text_of(parse(text).settings) != text)
			defect("not the same when read again", text);
	} catch (const ksm::error &error) {
		defect(error.what(), text);
	}
}

void check_refused(const ksm::error &error, std::string_view text)
{
	constexpr std::string_view place = "conf line ";
	const std::string said = error.what();
	const auto lines = unsigned(std::ranges::count(text, '\n')) + 1;
	unsigned line = 0;

	if (!said.starts_with(place) || error.cure().empty())
		defect("no place or no cure", said);
	std::from_chars(said.data() + place.size(), said.data() + said.size(), line);
	if (!line || line > lines)
		defect("there is no such line", said);
}

} /* namespace */

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	const std::string_view text(reinterpret_cast<const char *>(data), size);

	/* The C library takes any amount of memory for some patterns. */
	if (text.find("KSM_VM_PATTERN") != text.npos)
		return -1;
	try {
		check_taken(parse(text).settings);
	} catch (const ksm::error &error) {
		check_refused(error, text);
	}
	return 0;
}
