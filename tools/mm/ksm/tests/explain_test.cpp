// SPDX-License-Identifier: GPL-2.0
/* 'explain' on files that look like those of a machine. */
#include <chrono>
#include <cstdio>
#include <thread>

#include "lib/json.hpp"
#include "lib/proc/writers.hpp"
#include "tests/expect.hpp"
#include "tests/fake_proc.hpp"
#include "tests/program.hpp"

namespace ksm
{
namespace
{

class explain_command : public fake_proc
{
protected:
	explain_command() { put_file("proc/vmstat", "nr_free_pages 262144\ncow_ksm 100\n"); }

	outcome at(std::vector<std::string> words, const manner &manner = {}) const
	{
		words.insert(words.begin(),
			     {"--sysfs", path(), "--proc", proc(), "explain", "--seconds", "0.01"});
		return ksmctl(words, manner);
	}
};

TEST_F(explain_command, nothing_wrong)
{
	const outcome done = at({});

	EXPECT_EQ(done.status, 0);
	EXPECT_EQ(done.err, "");
	EXPECT_HAS(done.out, "Nothing is wrong.\n");
	EXPECT_HAS(done.out, "Saved: 1.14 GiB. Cost: 19.1 MiB of memory");
	EXPECT_HAS(done.out, "\nMemAvailable and SwapFree are 4.00 GiB.");
}

TEST_F(explain_command, says_what_is_wrong_and_what_to_do)
{
	knob("run", "0");
	put_file("proc/meminfo", "MemAvailable:   1024 kB\nSwapFree: 0 kB\n");
	const outcome done = at({});

	EXPECT_EQ(done.status, 0);
	EXPECT_HAS(done.out, "1. ksmd is stopped: 1.14 GiB stay saved");
	EXPECT_HAS(done.out, "   What to do: start it by 'ksmctl start'");
	EXPECT_HAS(done.out, "2. If all that is shared were written to");
	EXPECT_LACKS(done.out, "Nothing is wrong");
}

TEST_F(explain_command, json)
{
	knob("run", "2");
	const json said = json::parse(at({"--json"}).out);

	EXPECT_EQ(said["kind"], "explain");
	EXPECT_EQ(said["findings"][0]["name"], "left_unshared");
	EXPECT_EQ(said["findings"][0]["level"], "useless");
	EXPECT_EQ(said["exposure_bytes"], std::int64_t(300'000) * sysconf(_SC_PAGESIZE));
	EXPECT_EQ(said["available_bytes"], std::int64_t(4) << 30);
	EXPECT_TRUE(said["ksmd_cpu_percent"].is_null());
}

TEST_F(explain_command, sees_what_changes_between_two_looks)
{
	std::jthread other([this](std::stop_token stop) {
		while (!stop.stop_requested()) {
			static unsigned count = 0;

			std::this_thread::sleep_for(std::chrono::milliseconds(200));
			/* At one go: a file that is being written may be read empty. */
			put_file("vmstat", "cow_ksm " + std::to_string(++count * 100'000) + "\n");
			std::rename((root() + "/vmstat").c_str(), proc("vmstat").c_str());
		}
	});
	const outcome done =
		ksmctl({"--sysfs", path(), "--proc", proc(), "explain", "--seconds", "1"});

	EXPECT_HAS(done.out, "Merged pages are written to soon after");
}

TEST_F(explain_command, tells_one_ksmtuned_from_the_other)
{
	add_process(20, {.arguments = {"/bin/bash", "/usr/sbin/ksmtuned"}});
	put_file("proc/20/comm", "ksmtuned\n");
	std::vector<writer> found = find_writers(proc());

	ASSERT_EQ(found.size(), 1u);
	EXPECT_EQ(found[0].pid, "20");
	EXPECT_FALSE(found[0].heeds_advisor);

	add_process(20, {.arguments = {"/usr/sbin/ksmtuned", "--foreground"}});
	add_process(30, {.arguments = {"/usr/bin/virt-handler"}});
	found = find_writers(proc());
	ASSERT_EQ(found.size(), 2u);
	EXPECT_TRUE(found[0].heeds_advisor);
	EXPECT_EQ(found[1].program, "virt-handler");
	knob("advisor_mode", "none [scan-time]");
	EXPECT_HAS(at({}).out, "virt-handler (PID 30) and the kernel's advisor");
}

TEST_F(explain_command, without_rights)
{
	for (const char *name : {"pages_shared", "pages_sharing", "pages_unshared",
				 "pages_volatile", "ksm_zero_pages", "general_profit"})
		put(name, "1", 0);
	knob("restrict_counters", "1");
	const outcome done = at({}, {.as_nobody = true});

	EXPECT_EQ(done.status, 0);
	EXPECT_HAS(done.out, "restrict_counters is 1");
}

TEST_F(explain_command, values_that_make_no_sense)
{
	for (const char *seconds : {"0", "-1", "nan", "x"})
		EXPECT_EQ(at({"--seconds", seconds}).status, 2) << seconds;
}

} /* namespace */
} /* namespace ksm */
