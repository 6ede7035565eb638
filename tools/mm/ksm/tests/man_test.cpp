// SPDX-License-Identifier: GPL-2.0
/* The man page has all that there is, and nothing else. */
#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>

#include "explain/finding.hpp"
#include "lib/sysfs.hpp"
#include "persist/profiles.hpp"
#include "tests/expect.hpp"
#include "tests/fake_sysfs.hpp"
#include "tests/program.hpp"

namespace ksm
{
namespace
{

using names = std::set<std::string>;

std::string source()
{
	return environment("KSMCTL_SOURCE") + "/man/ksmctl.8.scd";
}

names all_in(const std::string &text, const std::string &pattern)
{
	const std::regex regex(pattern);
	names found;

	for (std::sregex_iterator at(text.begin(), text.end(), regex), end; at != end; ++at)
		found.insert((*at)[1]);
	return found;
}

/* Of a section, what lines begin with: "*name*", or several with commas. */
names entries(const std::string &text, const std::string &section)
{
	const std::size_t from = text.find("\n# " + section + "\n");
	const std::size_t to = text.find("\n# ", from + 3);
	names found;

	for (const std::string &line : lines_of(text.substr(from, to - from)))
		if (line.starts_with("*"))
			found.merge(all_in(line, "\\*([a-z_-]+)\\*"));
	return found;
}

names commands()
{
	const std::string help = ksmctl({"--help"}).out;

	return all_in(help.substr(help.find("Subcommands:")), "\n  ([a-z]+) ");
}

names options()
{
	names found = all_in(ksmctl({"--help"}).out, "(--[a-z-]+)");

	for (const std::string &command : commands())
		found.merge(all_in(ksmctl({command, "--help"}).out, "[ ,](--[a-z-]+)[ \n]"));
	return found;
}

TEST(man_page, has_every_command)
{
	EXPECT_GE(commands().size(), 11u);
	EXPECT_EQ(entries(read_text(source()), "COMMANDS"), commands());
}

TEST(man_page, has_every_option)
{
	const names described = entries(read_text(source()), "OPTIONS");
	names found;

	for (const std::string &option : described)
		if (option.starts_with("--"))
			found.insert(option);
	EXPECT_GE(found.size(), 15u);
	EXPECT_EQ(found, options());
}

TEST(man_page, has_what_each_profile_sets)
{
	const std::string text = read_text(source());

	for (const std::string name : {"vmhost", "containers", "desktop"}) {
		std::size_t at = text.find("\n*" + name + "*\n");
		const std::size_t end = text.find("\n\n", at);

		ASSERT_NE(at, std::string::npos) << name;
		const std::string entry = text.substr(at, end - at);
		std::size_t known = 0;
		for (const auto &[knob, value, why, counts] : find_profile(name).settings) {
			EXPECT_HAS(entry, knob + "=" + value);
			known++;
		}
		EXPECT_EQ(std::size_t(std::ranges::count(entry, '=')), known) << name;
	}
}

/* Of the functions that judge, each is named after what it finds. */
TEST(man_page, has_every_finding)
{
	const std::string rules = read_text(environment("KSMCTL_SOURCE") + "/explain/finding.hpp");

	EXPECT_EQ(entries(read_text(source()), "FINDINGS"),
		  all_in(rules, "\njudgement ([a-z_]+)\\(const view"));
}

TEST(man_page, can_be_read)
{
	int status = 0;

	shell("command -v scdoc && command -v man", &status);
	if (status)
		GTEST_SKIP() << "scdoc or man is not installed (apt-get install scdoc man-db)";
	const std::string page = std::filesystem::temp_directory_path() /
				 ("ksmctl-" + std::to_string(getpid()) + ".8");

	EXPECT_EQ(shell("scdoc <" + source() + " 2>&1 >" + page, &status), "");
	EXPECT_EQ(status, 0);
	const std::string shown =
		shell("LC_ALL=C MANWIDTH=80 man --warnings -l " + page + " 2>&1", &status);
	EXPECT_EQ(status, 0);
	EXPECT_HAS(shown, "look at the kernel's same-page merging, and steer it");
	EXPECT_LACKS(shown, "warning:");
	std::filesystem::remove(page);
}

} /* namespace */
} /* namespace ksm */
