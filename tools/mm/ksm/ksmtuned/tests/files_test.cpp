// SPDX-License-Identifier: GPL-2.0
/* The files that come with the program: they say what it does, and their readers take them. */
#include <filesystem>
#include <regex>
#include <set>

#include "ksmtuned/settings.hpp"
#include "ksmtuned/tests/fake_machine.hpp"
#include "lib/sysfs.hpp"
#include "tests/expect.hpp"
#include "tests/program.hpp"

namespace ksm::tuned
{
namespace
{

std::string source(const std::string &name)
{
	return environment("KSMTUNED_SOURCE") + "/" + name;
}

bool have(const std::string &program)
{
	int status = 0;

	shell("command -v " + program, &status);
	return !status;
}

/* Of all variables that the program knows. */
std::set<std::string> variable_names()
{
	std::set<std::string> names;

	for (const std::string &line : lines_of(text_of({})))
		names.insert(line.substr(0, line.find('=')));
	return names;
}

/* Those that are set in the text, commented out or not. */
std::set<std::string> names_in(const std::string &text)
{
	static const std::regex setting("^(# )?([A-Z_]+)=.*$");
	std::set<std::string> names;
	std::smatch match;

	for (const std::string &line : lines_of(text))
		if (std::regex_match(line, match, setting))
			names.insert(match[2]);
	return names;
}

TEST(configuration_that_comes_with_it, holds_the_defaults)
{
	const configuration shipped = read_configuration(source("ksmtuned.conf"));
	settings expected;

	expected.log_file = "/var/log/ksmtuned";
	EXPECT_EQ(text_of(shipped.settings), text_of(expected));
	EXPECT_TRUE(shipped.warnings.empty());
}

TEST(configuration_that_comes_with_it, names_every_variable)
{
	std::set<std::string> all = variable_names();

	all.erase("PIDFILE"); /* which other programs expect where it is */
	EXPECT_EQ(names_in(read_text(source("ksmtuned.conf"))), all);
}

/* What is commented out is what holds without it, but for what is off by default. */
TEST(configuration_that_comes_with_it, shows_the_defaults)
{
	const std::set<std::string> off = {"KSM_VM_PATTERN", "KSM_METRICS_FILE", "DEBUG",
					   "KSM_ADVISOR_MAX_CPU", "KSM_ADVISOR_TARGET_SCAN_TIME"};
	std::string shown;

	for (const std::string &line : lines_of(read_text(source("ksmtuned.conf"))))
		for (const std::string &name : names_in(line))
			if (!off.contains(name))
				shown += line.substr(line.starts_with("# ") ? 2 : 0) + "\n";
	settings expected;
	expected.log_file = "/var/log/ksmtuned";
	EXPECT_EQ(text_of(configure(read_assignments(shown, "conf", {}), "conf").settings),
		  text_of(expected));
}

TEST(man_pages, tell_of_every_variable_and_option)
{
	const std::string conf = read_text(source("man/ksmtuned.conf.5.scd"));
	const std::string daemon = read_text(source("man/ksmtuned.8.scd"));
	static const std::regex option("--[a-z]+");
	const std::string help = shell(environment("KSMTUNED") + " --help");

	for (const std::string &name : variable_names())
		EXPECT_HAS(conf, "*" + name + "*");
	for (std::sregex_iterator at(help.begin(), help.end(), option), end; at != end; ++at)
		EXPECT_HAS(daemon, "*" + at->str() + "*");
}

class files : public fake_machine
{
};

TEST_F(files, man_pages)
{
	if (!have("scdoc") || !have("man"))
		GTEST_SKIP() << "scdoc or man is not installed";
	for (const char *name : {"ksmtuned.8", "ksmtuned.conf.5"}) {
		const std::string page = root() + "/" + name;
		int status = 0;

		EXPECT_EQ(shell("scdoc <" + source("man/") + name + ".scd 2>&1 >" + page, &status),
			  "");
		EXPECT_EQ(status, 0);
		EXPECT_EQ(shell("LC_ALL=C MANWIDTH=80 man --warnings -l " + page +
				" 2>&1 >/dev/null"),
			  "");
	}
}

TEST_F(files, alerts)
{
	int status = 0;

	if (!have("promtool"))
		GTEST_SKIP() << "promtool is not installed (Debian's package prometheus)";
	for (const char *what : {"check rules ", "test rules "}) {
		const std::string file = what == std::string("check rules ")
						 ? "ksm.rules.yml"
						 : "tests/ksm.rules.test.yml";
		const std::string said =
			shell(std::string("promtool ") + what + source(file) + " 2>&1", &status);
		EXPECT_EQ(status, 0) << said;
	}
}

TEST_F(files, unit)
{
	const std::string unit = root() + "/ksmtuned.service", installed = "/usr/sbin/ksmtuned";
	std::string text = read_text(source("ksmtuned.service"));
	int status = 0;

	if (!have("systemd-analyze"))
		GTEST_SKIP() << "systemd-analyze is not installed";
	/* The unit names where the program will be; here it is elsewhere. */
	const std::size_t at = text.find(installed);
	ASSERT_NE(at, text.npos);
	put_file("ksmtuned.service",
		 text.replace(at, installed.size(), environment("KSMTUNED")) + "\n");
	EXPECT_EQ(shell("systemd-analyze verify --man=no " + unit + " 2>&1 | grep ksmtuned"), "");

	/* Of 100 where all is open. */
	const std::string exposed = shell(
		"systemd-analyze security --offline=yes --threshold=30 " + unit + " 2>&1", &status);
	EXPECT_EQ(status, 0) << exposed;
	EXPECT_HAS(exposed, "Overall exposure level");
}

TEST_F(files, logrotate)
{
	int status = 0;

	if (!have("logrotate"))
		GTEST_SKIP() << "logrotate is not installed";
	const std::string said = shell("logrotate --debug --state " + root() + "/state " +
					       source("ksmtuned.logrotate") + " 2>&1",
				       &status);
	EXPECT_EQ(status, 0) << said;
	EXPECT_LACKS(said, "error");
	EXPECT_HAS(said, "/var/log/ksmtuned");
}

/* An installation leaves the configuration of the one before it alone. */
TEST_F(files, install)
{
	const std::string make = "make -s -C " + source("..") + " OUTPUT=" +
				 std::filesystem::path(environment("KSMTUNED"))
					 .parent_path()
					 .parent_path()
					 .string() +
				 "/ sbindir=/sbin DESTDIR=" + root() +
				 "/root install-ksmtuned 2>&1";
	int status = 0;

	std::string said = shell(make, &status);
	EXPECT_EQ(status, 0) << said;
	for (const char *name :
	     {"sbin/ksmtuned", "etc/ksmtuned.conf", "etc/logrotate.d/ksmtuned",
	      "usr/lib/systemd/system/ksmtuned.service", "usr/share/ksmtuned/ksm.rules.yml"})
		EXPECT_TRUE(std::filesystem::exists(root() + "/root/" + name)) << name;
	if (have("scdoc")) {
		EXPECT_HAS(file("root/usr/share/man/man8/ksmtuned.8"), ".TH \"ksmtuned\" \"8\"");
		EXPECT_HAS(file("root/usr/share/man/man5/ksmtuned.conf.5"),
			   ".TH \"ksmtuned.conf\"");
	} else {
		EXPECT_HAS(said, "SKIP man pages");
	}

	EXPECT_HAS(file("root/usr/lib/systemd/system/ksmtuned.service"),
		   "\nExecStart=/sbin/ksmtuned --foreground\n");

	put_file("root/etc/ksmtuned.conf", "DEBUG=1\n");
	said = shell(make, &status);
	EXPECT_EQ(status, 0) << said;
	EXPECT_EQ(file("root/etc/ksmtuned.conf"), "DEBUG=1");
	EXPECT_HAS(said, "ksmtuned.conf is kept");
}

} /* namespace */
} /* namespace ksm::tuned */
