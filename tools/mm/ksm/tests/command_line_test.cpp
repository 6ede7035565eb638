// SPDX-License-Identifier: GPL-2.0
/* Words that make no sense, exit statuses, and output that goes nowhere. */
#include "opt_in.hpp"
#include "tests/expect.hpp"
#include "tests/fake_sysfs.hpp"
#include "tests/program.hpp"

namespace ksm
{
namespace
{

class command_line : public fake_sysfs
{
protected:
	outcome at(std::vector<std::string> words, const manner &manner = {}) const
	{
		words.insert(words.begin(), {"--sysfs", path()});
		return ksmctl(words, manner);
	}
};

TEST_F(command_line, unknown_words_are_named)
{
	const std::pair<std::vector<std::string>, const char *> bad[] = {
		{{"stat"}, "unknown command 'stat'; did you mean 'status'?"},
		{{"frobnicate"}, "unknown command 'frobnicate'\n"},
		{{"status", "--jsno"}, "unknown option '--jsno'; did you mean '--json'?"},
		{{"--jsno", "status"}, "unknown option '--jsno'; did you mean '--json'?"},
		{{"status", "foo"}, "'foo' makes no sense after 'status'"},
		{{"status", "--count", "3"}, "'status' has no option '--count'"},
		{{"--dry-run", "watch"}, "'watch' has no option '-n, --dry-run'"},
		{{"watch", "-n", "1"}, "'watch' has no option '-n, --dry-run'"},
		{{"ps", "self"}, "'self' is not a whole number from 1 up"},
		{{"ps", "--by", "1"}, "'1' is none of process, vm, unit"},
		{{"--sort", "pid", "ps"}, "'pid' is none of offered, merged"},
		{{"estimate", "1", "--seconds", "0"}, "'0' is not a number of seconds"},
		{{"estimate", "-1"}, "'-1' is not a whole number from 1 up"},
		{{"status", "--by", "vm"}, "'status' has no option '--by'"},
		{{}, "which command?"},
	};

	for (const auto &[words, said] : bad) {
		const outcome done = at(words);

		EXPECT_EQ(done.status, 2) << said;
		EXPECT_HAS(done.err, said);
		EXPECT_EQ(done.out, "");
	}
}

TEST_F(command_line, values_out_of_range_are_refused)
{
	for (const char *count : {"-1", "1.5", "x", "", "99999999999999999999"})
		EXPECT_EQ(at({"watch", "--count", count}).status, 2) << count;
	for (const char *interval : {"nan", "NaN", "-nan", "inf", "-1", "0", "1e9", "1s", ""})
		EXPECT_EQ(at({"watch", "--count", "1", "--interval", interval}).status, 2)
			<< interval;
	EXPECT_EQ(at({"watch", "--count=-1"}).status, 2);
	EXPECT_EQ(at({"watch", "--interval=nan"}).status, 2);
}

/* Without this, enable --unit "$UNIT" would switch KSM on for all. */
TEST_F(command_line, empty_values_are_refused)
{
	const std::vector<std::string> all[] = {
		{"enable", "--dry-run", "--unit", ""},
		{"disable", "--dry-run", "--unit", ""},
		{"enable", "--dry-run", "--profile", ""},
		{"enable", "--dry-run", "--root", ""},
		{"--unit", "", "enable", "--dry-run"},
		{"estimate", "--vm", ""},
		{"ps", "--proc", ""},
		{"status", "--sysfs", ""},
	};

	for (const auto &words : all) {
		const outcome done = at(words);

		EXPECT_EQ(done.status, 2) << words.front();
		EXPECT_HAS(done.err, "the value is empty");
		EXPECT_EQ(done.out, "");
	}
}

TEST_F(command_line, options_before_and_after_the_command)
{
	EXPECT_EQ(at({"--json", "status"}).out.front(), '{');
	EXPECT_EQ(at({"status", "--json"}).out.front(), '{');
	EXPECT_EQ(
		lines_of(at({"--count", "1", "--interval", "0.01", "--json", "watch"}).out).size(),
		2u);
	EXPECT_EQ(ksmctl({"status", "--sysfs", path()}).status, 0);
	/* The last one counts. */
	EXPECT_EQ(ksmctl({"--sysfs", "/none", "status", "--sysfs", path()}).status, 0);
}

TEST_F(command_line, version_and_help)
{
	EXPECT_EQ(ksmctl({"--version"}).status, 0);
	EXPECT_EQ(ksmctl({"--version"}).out.rfind("ksmctl ", 0), 0u);
	for (const char *name :
	     {"status", "watch", "ps", "estimate", "explain", "offer", "withdraw", "merge", "wait",
	      "set", "start", "stop", "enable", "disable", "run"}) {
		EXPECT_HAS(ksmctl({"--help"}).out, name);
		EXPECT_EQ(ksmctl({name, "--help"}).status, 0);
		EXPECT_HAS(ksmctl({name, "--help"}).out, std::string("ksmctl ") + name);
	}
}

TEST_F(command_line, output_that_does_not_arrive_is_an_error)
{
	const std::vector<std::vector<std::string>> all = {
		{"status"},
		{"status", "--all"},
		{"status", "--json"},
		{"ps"},
		{"ps", "--json"},
		{"watch", "--count", "1", "--interval", "0.01"},
		{"watch", "--count", "1", "--interval", "0.01", "--json"},
		{"explain", "--seconds", "0.01"},
		{"explain", "--seconds", "0.01", "--json"},
		{"enable", "-n", "--profile", "desktop"},
		{"disable", "-n"},
		{"disable", "-n", "--json"},
		{"enable", "-n", "--unit", "a"},
		{"set", "run=1"},
		{"set", "run=1", "--json"},
		{"set", "-n", "run=0"},
		{"merge", "--all", "--proc", path()},
		{"merge", "--all", "--proc", path(), "--json"},
		{"start"},
		{"stop"},
		{"--help"},
		{"watch", "--help"},
		{"--version"},
	};

	for (const auto &words : all) {
		const outcome done = at(words, {.out_file = "/dev/full"});

		EXPECT_EQ(done.status, 1) << words.front();
		EXPECT_HAS(done.err, "No space left on device");
	}
}

class run_command : public command_line
{
protected:
	void SetUp() override
	{
		if (!kernel_has_ksm())
			GTEST_SKIP() << "this kernel has no PR_SET_MEMORY_MERGE";
	}
};

TEST_F(run_command, exit_statuses)
{
	EXPECT_EQ(at({"run", "--", "/nonexistent"}).status, 127);
	EXPECT_EQ(at({"run", "no-such-program"}).status, 127);
	EXPECT_EQ(at({"run", "--", "/etc/passwd"}).status, 126);
	EXPECT_EQ(at({"run", "--", "/"}).status, 126);
	EXPECT_EQ(at({"run"}).status, 125);
	EXPECT_EQ(at({"run", "--bogus"}).status, 125);
	EXPECT_EQ(at({"--json", "run", "true"}).status, 125);
	EXPECT_EQ(at({"run", "--json=1", "true"}).status, 125);
	EXPECT_HAS(at({"run", "--sysfs", "x", "true"}).err, "'--sysfs' must stand before 'run'");
	EXPECT_EQ(at({"run", "sh", "-c", "exit 42"}).status, 42);
}

TEST_F(run_command, options_after_the_program_are_its_own)
{
	EXPECT_EQ(at({"run", "echo", "--json", "-a", "--help"}).out, "--json -a --help\n");
	EXPECT_EQ(at({"run", "--", "echo", "--sysfs"}).out, "--sysfs\n");
}

TEST_F(run_command, needs_no_sysfs)
{
	const outcome done = ksmctl({"--sysfs", path("none"), "run", "echo", "hello"});

	EXPECT_EQ(done.status, 0);
	EXPECT_EQ(done.out, "hello\n");
	EXPECT_EQ(done.err, "");
}

TEST_F(run_command, says_that_nothing_merges)
{
	knob("run", "0");
	EXPECT_HAS(at({"run", "true"}).err, "ksmd is stopped");
	put("run", "0", 0);
	EXPECT_EQ(at({"run", "true"}, {.as_nobody = true}).status, 0);
}

} /* namespace */
} /* namespace ksm */
