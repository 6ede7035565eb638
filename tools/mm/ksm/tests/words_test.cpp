// SPDX-License-Identifier: GPL-2.0
/* Text that is wrapped, amounts, and words that are nearly right. */
#include <gtest/gtest.h>

#include "knobs.hpp"
#include "suggest.hpp"
#include "text.hpp"

namespace ksm
{
namespace
{

TEST(text, wraps_at_blanks)
{
	EXPECT_EQ(wrap("one two three", 7), "one two\nthree");
	EXPECT_EQ(wrap("one two three", 8, 2), "one two\n  three");
	EXPECT_EQ(wrap("  one two", 6, 2), "  one\n  two");
	EXPECT_EQ(wrap("short\nand long", 5, 1), "short\nand\n long");
	EXPECT_EQ(wrap("a_long_word b", 4), "a_long_word\nb");
	EXPECT_EQ(wrap("", 4), "");
	EXPECT_EQ(wrap("exactly", 7), "exactly");
}

TEST(text, bytes_have_the_unit_that_fits)
{
	EXPECT_EQ(bytes_text(0), "0 bytes");
	EXPECT_EQ(bytes_text(1023), "1023 bytes");
	EXPECT_EQ(bytes_text(1536), "1.5 KiB");
	EXPECT_EQ(bytes_text((1 << 20) - 1), "1.0 MiB");
	EXPECT_EQ(bytes_text(5LL << 28), "1.25 GiB");
	EXPECT_EQ(bytes_text((1LL << 40) - (1LL << 27)), "1023.9 GiB");
	EXPECT_EQ(bytes_text(INT64_MAX), "8.00 EiB");
	EXPECT_EQ(bytes_text(-(3LL << 20)), "-3.0 MiB");
	EXPECT_EQ(bytes_text(std::nullopt), "-");
}

TEST(text, counts_are_shortened_only_where_they_must)
{
	EXPECT_EQ(short_count(12345678, 8), "12345678");
	EXPECT_EQ(short_count(123456789, 8), "123457k");
	EXPECT_EQ(short_count(INT64_MAX, 8), "9223372T");
	EXPECT_EQ(short_count(std::nullopt, 8), "-");
}

TEST(text, durations)
{
	EXPECT_EQ(duration_text(250), "250 ms");
	EXPECT_EQ(duration_text(1300), "1.3 s");
	EXPECT_EQ(duration_text(4294967295), "49.7 days");
}

TEST(suggest, names_what_was_meant)
{
	const std::vector<std::string> known = {"status", "watch", "set", "start", "stop", "run"};

	EXPECT_EQ(did_you_mean("stat", known), "; did you mean 'status'?");
	EXPECT_EQ(did_you_mean("sta", known), "; did you mean 'status' or 'start'?");
	EXPECT_EQ(did_you_mean("wacth", known), "; did you mean 'watch'?");
	EXPECT_EQ(did_you_mean("rn", known), "; did you mean 'run'?");
	EXPECT_EQ(did_you_mean("frobnicate", known), "");
	EXPECT_EQ(did_you_mean("", known), "");
	EXPECT_EQ(did_you_mean("--frob", {"--proc"}), "");
	EXPECT_EQ(did_you_mean("--porc", {"--proc"}), "; did you mean '--proc'?");
	EXPECT_EQ(did_you_mean("--", {"--proc", "--sysfs", "--unit", "--vm"}), "");
}

TEST(knob_value, tells_the_choice_from_the_choices)
{
	const knob_value mode = parse_knob("none [scan-time]");

	EXPECT_EQ(mode.value, "scan-time");
	EXPECT_EQ(mode.choices, (std::vector<std::string>{"none", "scan-time"}));
	EXPECT_EQ(parse_knob("100").value, "100");
	EXPECT_TRUE(parse_knob("100").choices.empty());
}

} /* namespace */
} /* namespace ksm */
