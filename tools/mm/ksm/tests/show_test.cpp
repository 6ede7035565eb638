// SPDX-License-Identifier: GPL-2.0
/* 'status' and 'watch': whatever is hidden, and however narrow the terminal is. */
#include <algorithm>

#include "tests/expect.hpp"
#include "tests/fake_sysfs.hpp"
#include "tests/program.hpp"
#include "tests/tmux.hpp"

namespace ksm
{
namespace
{

class show : public fake_sysfs
{
protected:
	outcome at(std::vector<std::string> words, const manner &manner = {}) const
	{
		words.insert(words.begin(), {"--sysfs", path()});
		return ksmctl(words, manner);
	}

	static std::size_t longest(const std::string &text)
	{
		std::size_t most = 0;

		for (const std::string &line : lines_of(text))
			most = std::max(most, line.size());
		return most;
	}
};

/* The word after a name in the table. */
std::string shown(const std::string &text, const std::string &name)
{
	const std::size_t at = text.find(name + " ");

	if (at == std::string::npos)
		return "nothing";
	const std::size_t from = text.find_first_not_of(' ', at + name.size());
	return text.substr(from, text.find_first_of(" \n", from) - from);
}

TEST_F(show, figures)
{
	const outcome done = at({"status"});

	EXPECT_EQ(done.status, 0);
	EXPECT_EQ(done.err, "");
	EXPECT_EQ(shown(done.out, "ksmd"), "running");
	EXPECT_NE(done.out.find("1.14 GiB: 100000 shared"), std::string::npos) << done.out;
	EXPECT_NE(done.out.find("the last took 1.3 s"), std::string::npos) << done.out;
}

/* As right after run=2, which the kernel counts anew from. */
TEST_F(show, no_pass_is_not_the_last_one)
{
	counter("full_scans", "0");
	EXPECT_HAS(at({"status"}).out, "passes   none is complete yet\n");
}

TEST_F(show, pace_by_whom)
{
	EXPECT_HAS(at({"status"}).out, "pace     100 pages, then 20 ms of sleep\n");
	knob("advisor_mode", "none [scan-time]");
	EXPECT_HAS(at({"status"}).out, "pace     100 pages, then 20 ms of sleep, by scan-time\n");
	/* It sleeps for as long as its share takes. */
	knob("advisor_mode", "none scan-time [cpu-budget]");
	EXPECT_HAS(at({"status"}).out, "pace     up to 70 % of one CPU, by cpu-budget\n");
}

TEST_F(show, what_is_for_root_only_is_a_dash)
{
	const outcome done = at({"status", "--all"}, {.as_nobody = true});

	EXPECT_EQ(done.status, 0);
	EXPECT_EQ(shown(done.out, "stable_tree_levels"), "-");
	EXPECT_EQ(shown(done.out, "pages_shared"), "100000");
	EXPECT_EQ(shown(done.out, "pages_scanned"), "18446744073709551615");
	EXPECT_EQ(at({"status"}, {.as_nobody = true}).status, 0);
	EXPECT_EQ(at({"status", "--json"}, {.as_nobody = true}).status, 0);
}

TEST_F(show, restricted_counters_are_dashes)
{
	for (const char *name : {"pages_shared", "pages_sharing", "pages_unshared",
				 "pages_volatile", "ksm_zero_pages", "general_profit"})
		put(name, "1", 0);

	const outcome done = at({"status"}, {.as_nobody = true});
	EXPECT_EQ(done.status, 0);
	EXPECT_NE(done.out.find("saved    -: - shared pages"), std::string::npos) << done.out;
	EXPECT_EQ(shown(done.out, "profit"), "-");

	const outcome watched =
		at({"watch", "--count", "1", "--interval", "0.01"}, {.as_nobody = true});
	EXPECT_EQ(watched.status, 0);
	EXPECT_NE(watched.out.find("the counters are hidden"), std::string::npos) << watched.out;
}

TEST_F(show, saved_is_unknown_if_only_zero_pages_are_hidden)
{
	put("ksm_zero_pages", "50", 0);
	EXPECT_EQ(shown(at({"status"}, {.as_nobody = true}).out, "saved"), "-:");
}

TEST_F(show, an_older_kernel)
{
	make_old();
	const outcome done = at({"status"});

	EXPECT_EQ(done.status, 0);
	EXPECT_EQ(shown(done.out, "saved"), "8.0");
	EXPECT_EQ(shown(done.out, "cost"), "-");
	EXPECT_EQ(at({"status", "--all"}).status, 0);
	EXPECT_EQ(at({"watch", "--count", "1", "--interval", "0.01"}).status, 0);
}

TEST_F(show, a_directory_that_a_container_masks)
{
	clear();
	EXPECT_EQ(at({"status"}).status, 0);
	EXPECT_EQ(shown(at({"status"}).out, "saved"), "-:");
	EXPECT_EQ(at({"status", "--all"}).status, 0);
	EXPECT_EQ(at({"status", "--json"}).status, 0);

	chmod(path().c_str(), 0);
	EXPECT_EQ(at({"status", "--all"}, {.as_nobody = true}).status, 0);
	chmod(path().c_str(), 0755);
}

TEST_F(show, no_directory_is_an_error)
{
	const outcome done = ksmctl({"--sysfs", path("none"), "status"});

	EXPECT_EQ(done.status, 1);
	EXPECT_NE(done.err.find("is not there"), std::string::npos) << done.err;
}

TEST_F(show, nothing_is_wider_than_the_terminal)
{
	const std::vector<std::vector<std::string>> all = {
		{"status"},
		{"status", "--all"},
		{"watch", "--count", "2", "--interval", "0.01"},
		{"explain", "--seconds", "0.01"},
		{"explain", "--help"},
		{"ps", "--help"},
		{"estimate", "--help"},
		{"--help"},
		{"status", "--help"},
		{"watch", "--help"},
		{"set", "--help"},
		{"start", "--help"},
		{"stop", "--help"},
		{"enable", "--help"},
		{"disable", "--help"},
		{"enable", "--unit", "a/b"},
		{"enable", "--profile", "none"},
		{"run", "--help"},
		{"offer", "--help"},
		{"withdraw", "--help"},
		{"merge", "--help"},
		{"wait", "--help"},
		{"offer", "--proc", "/none", "1"},
		{"merge", "99999999"},
		{"wait", "--pid", "99999999"},
		{"stat"},
		{"set", "run=7"},
		{"set", "pages_to_scna=1"},
		{"set", "-n", "sleep_millisecs=4294967295"},
	};

	counter("pages_sharing", "1234567890123");
	counter("full_scans", "123456789");
	for (const unsigned columns : {60u, 80u, 200u}) {
		for (const auto &words : all) {
			const outcome done = at(words, {.columns = columns});

			EXPECT_LT(longest(done.out), columns) << done.out;
			EXPECT_NE(done.status, -1);
		}
	}
}

TEST_F(show, status_fits_a_screen)
{
	for (const unsigned columns : {60u, 80u})
		EXPECT_LT(lines_of(at({"status"}, {.columns = columns}).out).size(), 24u);
	const std::string all = at({"status", "--all"}, {.columns = 80}).out;
	EXPECT_LT(lines_of(all).size(), 24u);
	EXPECT_HAS(all, "knobs (ksmd: running)");
	EXPECT_HAS(all, "counters (1.14 GiB saved, ");
}

TEST_F(show, watch_shows_what_fits)
{
	const std::vector<std::string> words = {"watch", "--count", "1", "--interval", "0.01"};
	const std::string narrow = at(words, {.columns = 60}).out;
	const std::string wide = at(words, {.columns = 80}).out;

	EXPECT_EQ(narrow.find("zero "), std::string::npos) << narrow;
	for (const char *title : {"sharing", "saved", "scans", "ksmd %"})
		EXPECT_NE(lines_of(narrow)[0].find(title), std::string::npos) << title;
	for (const char *title : {"zero", "volatile", "unshared"})
		EXPECT_NE(lines_of(wide)[0].find(title), std::string::npos) << title;
}

/* A real terminal: no line may go over into the next, and the first one must be seen. */
TEST_F(show, tmux)
{
	if (!have_tmux())
		GTEST_SKIP() << "tmux is not installed (apt-get install tmux)";

	const std::string program = environment("KSMCTL") + " --sysfs " + path();
	int servers = 0;

	for (const unsigned columns : {60u, 80u}) {
		for (const char *words : {"status", "watch --count 3 --interval 0.01", "--help"}) {
			const tmux tmux(path("tmux-" + std::to_string(servers++)),
					program + " " + words + "; echo end-of-it", columns, 24);
			const std::string screen = tmux.screen_with("end-of-it");

			EXPECT_HAS(screen, "end-of-it");
			EXPECT_EQ(lines_of(screen).size(), lines_of(tmux.screen(true)).size())
				<< screen;
			if (std::string(words) == "status") {
				EXPECT_EQ(screen.rfind("ksmd", 0), 0u) << screen;
			}
		}
	}
}

} /* namespace */
} /* namespace ksm */
