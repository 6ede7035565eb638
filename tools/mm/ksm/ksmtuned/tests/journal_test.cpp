// SPDX-License-Identifier: GPL-2.0
/* Lines of the log, and what happens where they cannot be written. */
#include <clocale>
#include <ctime>
#include <filesystem>

#include "ksmtuned/journal.hpp"
#include "ksmtuned/tests/fake_machine.hpp"
#include "tests/expect.hpp"
#include "tests/program.hpp"

namespace ksm::tuned
{
namespace
{

class log_lines : public fake_machine
{
protected:
	log_lines() { journal_.use(true, root() + "/log"); }

	journal journal_;
};

TEST_F(log_lines, begin_with_what_date_prints)
{
	std::setlocale(LC_TIME, "C");
	for (const char *zone : {"UTC", "Asia/Kolkata", "EST5EDT"}) {
		setenv("TZ", zone, 1);
		tzset();
		/* Once more if a second has passed in between. */
		std::string before, after;
		do {
			before = shell("LC_ALL=C date");
			journal_.debug("text");
			after = shell("LC_ALL=C date");
		} while (before != after);
		before.pop_back();
		EXPECT_EQ(lines_of(file("log")).back(), before + ": text");
	}
	unsetenv("TZ");
	tzset();
}

TEST_F(log_lines, are_appended_and_follow_a_file_that_is_moved)
{
	journal_.debug("one");
	journal_.debug("two");
	EXPECT_EQ(lines_of(file("log")).size(), 2u);
	std::filesystem::rename(root() + "/log", root() + "/log.1");
	journal_.debug("three");
	EXPECT_EQ(lines_of(file("log")).size(), 1u);
	EXPECT_EQ(lines_of(file("log.1")).size(), 2u);
}

TEST_F(log_lines, go_to_standard_output_without_a_file)
{
	testing::internal::CaptureStdout();
	journal_.use(true, "");
	journal_.debug("one");
	journal_.use(false, "");
	journal_.debug("two");
	const std::string out = testing::internal::GetCapturedStdout();
	EXPECT_HAS(out, ": one\n");
	EXPECT_LACKS(out, "two");
}

TEST_F(log_lines, go_there_too_if_the_file_cannot_be_written)
{
	testing::internal::CaptureStdout();
	testing::internal::CaptureStderr();
	journal_.use(true, root() + "/none/log");
	journal_.debug("one");
	journal_.debug("two");
	const std::string out = testing::internal::GetCapturedStdout();
	const std::string err = testing::internal::GetCapturedStderr();
	EXPECT_HAS(out, ": one\n");
	EXPECT_HAS(out, ": two\n");
	EXPECT_EQ(lines_of(err).size(), 1u) << err;
	EXPECT_HAS(err, "/none/log: No such file or directory; the lines go to standard output");

	testing::internal::CaptureStdout();
	testing::internal::CaptureStderr();
	journal_.use(true, "/dev/full");
	journal_.debug("three");
	EXPECT_HAS(testing::internal::GetCapturedStdout(), ": three\n");
	EXPECT_HAS(testing::internal::GetCapturedStderr(), "/dev/full: No space left");
}

TEST_F(log_lines, troubles_are_told_once)
{
	testing::internal::CaptureStderr();
	journal_.say_once("a", "bad");
	journal_.say_once("a", "bad");
	journal_.say_once("b", "bad");
	journal_.say_once("a", "worse");
	journal_.settle("a");
	journal_.say_once("a", "worse");
	EXPECT_EQ(testing::internal::GetCapturedStderr(),
		  "ksmtuned: bad\nksmtuned: bad\nksmtuned: worse\nksmtuned: worse\n");
	EXPECT_EQ(lines_of(file("log")).size(), 4u);
}

} /* namespace */
} /* namespace ksm::tuned */
