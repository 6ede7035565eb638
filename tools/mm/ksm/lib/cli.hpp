/* SPDX-License-Identifier: GPL-2.0 */
/* CLI11, which parses options; says which package brings it. */
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#if !__has_include(<CLI/CLI.hpp>)
#error "CLI11 is missing: apt-get install libcli11-dev"
#endif
#include <CLI/CLI.hpp>

#include "lib/sysfs.hpp"

namespace ksm
{

/*
 * For transform(): takes decimal numbers from @least up. CLI11 itself takes a leading 0
 * for octal, a negative number for a huge one, and CLI::Range names an upper limit that
 * nobody needs to know.
 */
inline CLI::Validator whole_number_from(std::int64_t least)
{
	return CLI::Validator(
		[least](std::string &text) {
			const auto number = number_in(text);

			if (!number || *number < least)
				return "'" + text + "' is not a whole number from " +
				       std::to_string(least) + " up";
			text = std::to_string(*number);
			return std::string();
		},
		"");
}

/*
 * For transform(): takes one of the words, which stand in the order of an enumeration's
 * values. CLI11's own transformers take the bare numbers too.
 */
inline CLI::Validator one_of(const std::vector<std::string> &words)
{
	return CLI::Validator(
		[words](std::string &text) {
			const auto at = std::find(words.begin(), words.end(), text);
			std::string all;

			for (const std::string &word : words)
				all += (all.empty() ? "" : ", ") + word;
			if (at == words.end())
				return "'" + text + "' is none of " + all;
			text = std::to_string(at - words.begin());
			return std::string();
		},
		"");
}

/* For check(): of a script whose variable is empty, as in --unit "$UNIT". */
inline CLI::Validator not_empty()
{
	return CLI::Validator(
		[](std::string &text) {
			return std::string(text.empty() ? "the value is empty" : "");
		},
		"");
}

/* For check(): unlike CLI::Range, takes no NaN, which lies within every range. */
inline CLI::Validator seconds_between(double least, double most)
{
	return CLI::Validator(
		[least, most](std::string &text) {
			const char *end = text.data() + text.size();
			double seconds = 0;
			const auto [at, ec] = std::from_chars(text.data(), end, seconds);
			char range[64];

			if (ec == std::errc() && at == end && seconds >= least && seconds <= most)
				return std::string();
			std::snprintf(range, sizeof(range), "from %g to %g", least, most);
			return "'" + text + "' is not a number of seconds " + range;
		},
		"");
}

} /* namespace ksm */
