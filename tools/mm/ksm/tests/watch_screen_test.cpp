// SPDX-License-Identifier: GPL-2.0
/* 'watch' on a terminal: what is seen, and what is left behind. */
#include <csignal>

#include "tests/expect.hpp"
#include "tests/fake_proc.hpp"
#include "tests/program.hpp"
#include "tests/tmux.hpp"

namespace ksm
{
namespace
{

class watch_screen : public fake_proc
{
protected:
	void SetUp() override
	{
		fake_process process;

		if (!have_tmux())
			GTEST_SKIP() << "tmux is not installed (apt-get install tmux)";
		process.arguments = {"/usr/bin/python3"};
		process.ksm_stat = "ksm_rmap_items 3000\nksm_zero_pages 0\nksm_merging_pages "
				   "2000\nksm_process_profit 8000000\n";
		add_process(100, process);
	}

	/* With the state in which the terminal was left below it. */
	std::string command(const std::string &more = "") const
	{
		/* The shell must not go by the Ctrl-C, and its child must. */
		return "trap : INT\nsh -c 'echo $$ >" + root() + "/pid; exec " +
		       environment("KSMCTL") + " --sysfs " + path() + " --proc " + proc() +
		       " watch --interval 0.2 " + more +
		       "'\necho status $?\nstty -a | grep -o -w -e '-*echo' -e '-*icanon'\n"
		       "echo end-of-it";
	}

	std::string socket() const { return root() + "/tmux"; }

	static void expect_clean(const tmux &tmux)
	{
		const std::string screen = tmux.screen_with("end-of-it");

		EXPECT_HAS(screen, "peak: 1.14 GiB saved");
		EXPECT_HAS(screen, "status 0\nicanon\necho\nend-of-it");
		EXPECT_LACKS(screen, "q quits");
		EXPECT_EQ(tmux.value("#{alternate_on} #{cursor_flag}"), "0 1");
	}
};

TEST_F(watch_screen, fits_both_sizes_and_goes_by_q)
{
	for (const auto &[columns, rows] : {std::pair(80u, 24u), {60u, 20u}}) {
		const tmux tmux(socket() + std::to_string(columns), command(), columns, rows);
		const std::string screen = tmux.screen_with("python3");

		EXPECT_HAS(screen, "q quits");
		EXPECT_HAS(screen, "saved    1.14 GiB, 14.3 % of all memory  [##");
		EXPECT_HAS(screen, "7.6 MiB     2000  python3");
		EXPECT_LE(lines_of(screen).size(), rows);
		EXPECT_EQ(lines_of(screen).size(), lines_of(tmux.screen(true)).size());
		EXPECT_EQ(tmux.value("#{alternate_on} #{cursor_flag}"), "1 0");
		tmux.type("q");
		expect_clean(tmux);
	}
}

TEST_F(watch_screen, follows_the_size)
{
	const tmux tmux(socket(), command(), 80, 24);

	tmux.screen_with("python3");
	tmux.resize(60, 20);
	const auto fits = [&](std::size_t columns) {
		const std::string screen = tmux.screen();

		return lines_of(screen).front().size() == columns &&
		       screen.find("python3") != std::string::npos;
	};
	for (int i = 0; i < 100 && !fits(60); i++)
		usleep(100'000);
	EXPECT_TRUE(fits(60)) << tmux.screen();
	tmux.resize(100, 30);
	for (int i = 0; i < 100 && !fits(100); i++)
		usleep(100'000);
	EXPECT_TRUE(fits(100)) << tmux.screen();
	tmux.type("Q");
	expect_clean(tmux);
}

TEST_F(watch_screen, goes_by_the_terminal_and_not_by_the_environment)
{
	const tmux tmux(socket(), "export COLUMNS=80 LINES=24\n" + command(), 60, 20);
	const std::string screen = tmux.screen_with("python3");

	EXPECT_EQ(lines_of(screen).front().size(), 60u) << screen;
	EXPECT_LE(lines_of(screen).size(), 20u);
}

TEST_F(watch_screen, follows_the_figures)
{
	const tmux tmux(socket(), command(), 80, 24);

	tmux.screen_with("python3");
	knob("run", "0");
	counter("pages_sharing", "599950");
	EXPECT_HAS(tmux.screen_with("2.29 GiB, 28.6"), "stopped");
}

TEST_F(watch_screen, leaves_the_terminal_clean_by_any_signal)
{
	for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
		const tmux tmux(socket() + std::to_string(signal), command(), 80, 24);

		tmux.screen_with("python3");
		kill(std::stoi(file("pid")), signal);
		expect_clean(tmux);
	}
}

TEST_F(watch_screen, lines_where_they_are_asked_for)
{
	const tmux tmux(socket(), command("--lines"), 80, 24);
	const std::string screen = tmux.screen_with("299950");

	EXPECT_HAS(screen, "seconds");
	EXPECT_EQ(tmux.value("#{alternate_on}"), "0");
	tmux.type("C-c");
	EXPECT_HAS(tmux.screen_with("end-of-it"), "peak: 1.14 GiB saved");
}

TEST_F(watch_screen, lines_on_a_terminal_that_cannot_do_it)
{
	for (const std::string type : {"unknown", "dumb"}) {
		const tmux tmux(socket() + type, "export TERM=" + type + "\n" + command(), 80, 24);

		EXPECT_HAS(tmux.screen_with("299950"), "seconds");
	}
}

} /* namespace */
} /* namespace ksm */
