// SPDX-License-Identifier: GPL-2.0
/* Whether there is memory for unsharing everything is asked before it is done. */
#include "lib/json.hpp"
#include "lib/proc/victims.hpp"
#include "preflight.hpp"

#include <unistd.h>

#include "tests/expect.hpp"
#include "tests/fake_proc.hpp"
#include "tests/program.hpp"

namespace ksm
{
namespace
{

/* 300000 pages are saved: 1.14 GiB where a page is 4 KiB. */
class preflight : public fake_proc
{
protected:
	preflight()
	{
		add_victim(10, "small", 100, 5000);
		add_victim(20, "large", 900, 4 << 20);
		add_victim(30, "spared", 0, 8 << 20);
		add_victim(40, "middle", 500, 2048);
		add_victim(50, "tiny", 1, 100);
	}

	void add_victim(int pid, const std::string &name, int score, std::int64_t kb) const
	{
		add_process(pid, {.arguments = {"/usr/bin/" + name}, .resident_kb = kb});
		put_file("proc/" + std::to_string(pid) + "/oom_score",
			 std::to_string(score) + "\n");
	}

	void memory(std::int64_t available_mib, std::int64_t swap_mib) const
	{
		put_file("proc/meminfo",
			 "MemTotal: 4194304 kB\n"
			 "MemAvailable: " +
				 std::to_string(available_mib * 1024) +
				 " kB\nSwapFree: " + std::to_string(swap_mib * 1024) + " kB\n");
	}

	outcome set(std::vector<std::string> words, const manner &manner = {}) const
	{
		words.insert(words.begin(), {"--sysfs", path(), "--proc", proc(), "set"});
		return ksmctl(words, manner);
	}
};

TEST_F(preflight, refuses_what_does_not_fit_and_names_whom_it_would_hurt)
{
	memory(700, 100);
	for (const std::vector<std::string> &words : {std::vector<std::string>{"run=2"},
						      {"run", "2"},
						      {"run=2", "max_page_sharing=512", "run=1"},
						      {"--dry-run", "run=2"}}) {
		const outcome done = set(words, {.columns = 500});

		EXPECT_EQ(done.status, 1);
		EXPECT_HAS(done.out,
			   "to unshare everything takes 1.14 GiB, and 800.0 MiB are there "
			   "(MemAvailable and SwapFree), of which 81.9 MiB must stay free");
		EXPECT_HAS(done.out, "kills first: large (PID 20, 4.00 GiB), middle (PID 40, 2.0 "
				     "MiB), small (PID 10, 4.9 MiB)\n");
		EXPECT_HAS(done.out, "--force");
		EXPECT_EQ(text("run"), "1");
	}
}

TEST_F(preflight, is_silent_where_it_fits)
{
	memory(700, 700);
	const outcome done = set({"run=2"});

	EXPECT_EQ(done.status, 0);
	EXPECT_EQ(done.err, "");
	EXPECT_EQ(text("run"), "2");
}

TEST_F(preflight, keeps_a_margin)
{
	memory(1171 + 82, 0);
	EXPECT_TRUE(no_room_to_unshare(knobs(path()), proc()));
	memory(1172 + 82, 0);
	EXPECT_FALSE(no_room_to_unshare(knobs(path()), proc()));
	put_file("proc/meminfo", "MemTotal: 1 kB\nMemAvailable: 1231871 kB\n");
	EXPECT_TRUE(no_room_to_unshare(knobs(path()), proc()));
	put_file("proc/meminfo", "MemTotal: 1 kB\nMemAvailable: 1232768 kB\n");
	EXPECT_FALSE(no_room_to_unshare(knobs(path()), proc()));
}

TEST_F(preflight, force_does_it_and_warns)
{
	memory(700, 0);
	const outcome done = set({"--force", "run=2", "--json"});

	EXPECT_EQ(done.status, 0);
	EXPECT_HAS(done.err, "warning: to unshare everything takes");
	EXPECT_HAS(std::string(json::parse(done.out)["warnings"][0]), "kills first: large");
	EXPECT_EQ(text("run"), "2");
}

TEST_F(preflight, other_changes_are_not_looked_into)
{
	memory(0, 0);
	EXPECT_EQ(set({"run=0", "sleep_millisecs=2"}).status, 0);
	EXPECT_EQ(ksmctl({"--sysfs", path(), "--proc", proc(), "stop"}).status, 0);
}

TEST_F(preflight, what_cannot_be_seen_is_no_reason)
{
	put_file("proc/meminfo", "");
	EXPECT_FALSE(no_room_to_unshare(knobs(path()), proc()));
	memory(0, 0);
	EXPECT_TRUE(no_room_to_unshare(knobs(path()), proc()));
	remove("pages_sharing");
	EXPECT_FALSE(no_room_to_unshare(knobs(path()), proc()));
	counter("pages_sharing", "0");
	counter("ksm_zero_pages", "0");
	EXPECT_FALSE(no_room_to_unshare(knobs(path()), proc()));
}

TEST_F(preflight, nobody_to_kill)
{
	for (const int pid : {10, 20, 40, 50})
		end_process(pid);
	/* We end anyway. */
	add_victim(getpid(), "self", 1000, 100);
	EXPECT_TRUE(first_victims(proc(), 3).empty());
	memory(0, 0);
	EXPECT_LACKS(std::string(no_room_to_unshare(knobs(path()), proc())->what()), "kills");
}

TEST_F(preflight, the_words_of_run_are_checked_first)
{
	memory(0, 0);
	for (const char *word : {"run=-1", "run=3"}) {
		const outcome done = set({"--force", word}, {.columns = 500});

		EXPECT_EQ(done.status, 2) << word;
		EXPECT_HAS(done.out, "run takes 0 (stop), 1 (merge) or 2");
		EXPECT_EQ(text("run"), "1");
	}
	EXPECT_EQ(set({"run", "-1"}).status, 2);
	EXPECT_EQ(text("run"), "1");
}

} /* namespace */
} /* namespace ksm */
