// SPDX-License-Identifier: GPL-2.0
/* What is taken of a shell's language, and that the rest is refused with its line and name. */
#include <fstream>

#include <unistd.h>

#include "error.hpp"
#include "ksmtuned/assignments.hpp"
#include "tests/expect.hpp"
#include "tests/fake_sysfs.hpp"
#include "tests/program.hpp"

namespace ksm::tuned
{
namespace
{

const variables before = {{"HOME", {"/root", 0}}, {"EMPTY", {"", 0}}};

std::string value(const std::string &text, const std::string &name)
{
	const variables all = read_assignments(text, "conf", before);
	const auto found = all.find(name);

	return found == all.end() ? "(unset)" : found->second.value;
}

std::string complaint(const std::string &text)
{
	try {
		read_assignments(text, "conf", before);
	} catch (const error &error) {
		return std::string(error.what()) + " / " + error.cure();
	}
	return "(taken)";
}

/* A text, and what X is after it; bash is asked the same below. */
const std::pair<const char *, const char *> taken[] = {
	{"X=5", "5"},
	{"X=", ""},
	{"X=5 # five", "5"},
	{"X=5#five", "5#five"},
	{"  \tX=5\t", "5"},
	{"# X=4\n\nX=5\n#", "5"},
	{"X=5\nX=6", "6"},
	{"X=5;", "5"},
	{"X=1; Y=2; X=$Y", "2"},
	{"Y=1 X=$Y", "1"},
	{"export X=5", "5"},
	{"export\tX=5 Y=6", "5"},
	{"X=5; export X", "5"},
	{"Y=1\nexport Y=2 X=$Y", "1"},
	{"X='a b'", "a b"},
	{"X=\"a b\"", "a b"},
	{"X=a\\ b", "a b"},
	{"X='a'\"b\"c", "abc"},
	{"X='$HOME `x` \\'", "$HOME `x` \\"},
	{"X=\"\\$ \\` \\\" \\\\ \\n\"", "$ ` \" \\ \\n"},
	{"X=\"it's\"", "it's"},
	{"X='two\nlines'", "two\nlines"},
	{"X=1\\\n2", "12"},
	{"X=\"1\\\n2\"", "12"},
	{"X=1 \\\nY=2", "1"},
	{"X=$HOME/a", "/root/a"},
	{"X=${HOME}a", "/roota"},
	{"X=\"${HOME}\"", "/root"},
	{"X=${NONE:-7}", "7"},
	{"X=${EMPTY:-7}", "7"},
	{"X=${EMPTY-7}", ""},
	{"X=${NONE-}", ""},
	{"X=${NONE:-$HOME}", "/root"},
	{"X=${NONE:-${EMPTY:-a b}}", "a b"},
	{"X=$", "$"},
	{"X=\"$\"", "$"},
	{"X=a$.b", "a$.b"},
	{"X=$((2 * 3))", "6"},
	{"X=$[2 * 3]", "6"},
	{"X=a$((1))b", "a1b"},
	{"X=\"$((1 + 1)) kB\"", "2 kB"},
	{"Y=5+3; X=$((Y * 2))", "16"},
	{"Y=5+3; X=$(($Y * 2))", "11"},
	{"Y=5; X=$((${Y} * $((1 + 1))))", "10"},
	{"Y=4; X=$(((Y + 1) * 2))", "10"},
	{"X=$((\n1 +\n1))", "2"},
	{"X=*", "*"},
	{"X=[a]?!=^%,:@+", "[a]?!=^%,:@+"},
	{"X=\xc3\xa4", "\xc3\xa4"},
	{"Y2_=3; X=$Y2_", "3"},
};

TEST(assignments, taken)
{
	for (const auto &[text, result] : taken)
		EXPECT_EQ(value(text, "X"), result) << text;
}

/* The promise is that nothing means something else than it did. */
TEST(assignments, bash_makes_the_same_of_them)
{
	std::string file = "/tmp/ksmtuned-conf-XXXXXX";
	int status = 0;

	shell("command -v bash", &status);
	if (status)
		GTEST_SKIP() << "bash is not installed";
	close(mkstemp(file.data()));
	for (const auto &[text, result] : taken) {
		std::ofstream(file) << text;
		EXPECT_EQ(shell("env -i HOME=/root EMPTY= bash -c '. " + file +
					"; printf \"%s.\" \"$X\"' 2>&1",
				&status),
			  std::string(result) + ".")
			<< text;
		EXPECT_EQ(status, 0);
	}
	unlink(file.c_str());
}

TEST(assignments, lines)
{
	const variables all =
		read_assignments("\n# comment\nA='two\nlines'\nB=1 C=2\\\n3\nD=4", "conf", {});

	EXPECT_EQ(all.at("A").line, 3u);
	EXPECT_EQ(all.at("B").line, 5u);
	EXPECT_EQ(all.at("C").line, 5u);
	EXPECT_EQ(all.at("D").line, 7u);
	EXPECT_EQ(read_assignments("", "conf", before).at("HOME").line, 0u);
}

TEST(assignments, refusals)
{
	const std::pair<const char *, const char *> all[] = {
		{"X=`date`", "conf line 1: X: '`' starts a command"},
		{"X=\"`date`\"", "X: '`' starts a command"},
		{"X=$(date)", "X: '$(' starts a command"},
		{"X=$((1) + (2))", "X: '$(' starts a command"},
		{"\n\nX=5\nif [ -f x ]; then", "conf line 4: 'if' is no assignment"},
		{". /etc/other", "conf line 1: '.' is no assignment"},
		{"echo", "'echo' is no assignment"},
		{"X=5 echo", "'echo' is no assignment"},
		{"X=a b", "'b' is no assignment / quote a value"},
		{"X=5;;Y=6", "';Y=6' is no assignment"},
		{"; X=5", "';' is no assignment"},
		{"X = 5", "X: there are blanks before '=' / write X=VALUE"},
		{"X+=5", "X: it is added to, or an array"},
		{"X[0]=5", "X: it is added to, or an array"},
		{"X=(1 2)", "X: '(' has a meaning of its own"},
		{"1X=5", "'1X=5' is no assignment"},
		{"X=5 &", "'&' is no assignment"},
		{"X=5&", "X: '&' has a meaning of its own"},
		{"X=a|b", "X: '|' has a meaning of its own"},
		{"X=a>b", "X: '>' has a meaning of its own"},
		{"X=~/a", "X: '~' has a meaning of its own"},
		{"export X={a,b}", "X: '{' has a meaning of its own"},
		{"export -n X", "'-n' is no assignment"},
		{"export", "'export' is no assignment"},
		{"X=$1", "X: '$1' has no value"},
		{"X=$?", "X: '$?' has no value"},
		{"X=$'a'", "X: '$'' is not taken"},
		{"X=$NONE", "X: NONE has no value / set NONE above"},
		{"X=${NONE}", "X: NONE has no value"},
		{"X=${HOME:=a}", "X: '${HOME:=' is not taken"},
		{"X=${HOME#a}", "X: '${HOME#' is not taken"},
		{"X=${#HOME}", "X: '${#' is not taken"},
		{"X=${!HOME}", "X: '${!' is not taken"},
		{"X=${NONE:-'a'}", "X: quotes and the like are not taken"},
		{"X=${NONE:-a", "X: '${' without '}'"},
		{"X=$((1 / 0))", "X: '1 / 0': division by 0"},
		{"X=$((NONE))", "X: 'NONE': NONE has no value"},
		{"X=$((1", "X: the ( that begins here has no end"},
		{"X=$[1", "X: the [ that begins here has no end"},
		{"A=1\nX='a\nb\nc", "conf line 2: X: the ' that begins here has no end"},
		{"X=\"a", "X: the \" that begins here has no end"},
		{"X=a\\", "X: there is nothing after '\\'"},
		{"X=5\r\n", "conf line 1: the line ends with a carriage return / make it a Unix"},
		{"X=5\n\x01", "conf line 2: there is a control character (0x01)"},
		{"UID=5", "UID: a shell sets this itself"},
		{"RANDOM=5", "RANDOM: a shell sets this itself"},
		{"BASH_ENV=x", "BASH_ENV: a shell sets this itself"},
	};

	for (const auto &[text, said] : all)
		EXPECT_HAS(complaint(text), said);
	EXPECT_HAS(complaint(std::string("X=a\0b", 5)), "control character");
}

TEST(assignments, values_that_grow_without_end)
{
	std::string text = "A=0123456789\n", deep = "X=";

	for (int i = 0; i < 40; i++)
		text += "A=$A$A\n";
	EXPECT_HAS(complaint(text), "A: the value is too long");
	for (int i = 0; i < 40; i++)
		deep += "${NONE:-";
	EXPECT_HAS(complaint(deep), "X: it is nested too deep");
}

TEST(assignments, the_environment_without_what_a_shell_sets)
{
	setenv("KSM_TEST_VARIABLE", "a=b", 1);
	setenv("UID", "7", 1);
	EXPECT_EQ(environment_variables().at("KSM_TEST_VARIABLE").value, "a=b");
	EXPECT_FALSE(environment_variables().contains("UID"));
	unsetenv("KSM_TEST_VARIABLE");
	unsetenv("UID");
}

} /* namespace */
} /* namespace ksm::tuned */
