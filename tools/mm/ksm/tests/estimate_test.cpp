// SPDX-License-Identifier: GPL-2.0
/* Which processes 'estimate' looks at, and what it says cannot be merged. */
#include <sys/stat.h>
#include <unistd.h>

#include "format.hpp"
#include "lib/json.hpp"
#include "tests/expect.hpp"
#include "tests/fake_proc.hpp"
#include "tests/program.hpp"

namespace ksm
{
namespace
{

class estimate_command : public fake_proc
{
protected:
	outcome on_fakes(std::vector<std::string> words, const manner &manner = {}) const
	{
		words.insert(words.begin(), {"estimate", "--sysfs", path(), "--proc", proc()});
		return ksmctl(words, manner);
	}

	void add_fake(int pid, fake_process process,
		      const std::vector<fake_mapping> &mappings) const
	{
		process.smaps = smaps_of(mappings);
		add_process(pid, process);
		put_file(fmt::format("proc/{}/pagemap", pid), "");
	}
};

TEST_F(estimate_command, reasons_by_the_flags_of_a_mapping)
{
	const std::string usual = "rd wr mr mw me ac";

	add_fake(100, {.arguments = {"x"}},
		 {{.range = "100000-200000", .flags = usual + " ht", .hugetlb_kb = 1024},
		  {.range = "200000-300000", .flags = usual + " io pf"},
		  {.range = "300000-400000", .flags = usual + " sh", .resident_kb = 7},
		  {.range = "400000-500000", .flags = usual + " ms", .resident_kb = 1},
		  {.range = "500000-600000", .flags = usual + " de", .resident_kb = 3},
		  {.range = "600000-700000", .flags = usual, .resident_kb = 5, .swapped_kb = 9},
		  {.range = "700000-800000",
		   .permissions = "---p",
		   .flags = usual,
		   .resident_kb = 16,
		   .anonymous_kb = 12}});
	add_fake(101, {.arguments = {"y"}, .files = {"/dev/vfio/5"}},
		 {{.range = "100000-200000",
		   .flags = usual,
		   .resident_kb = 33,
		   .anonymous_kb = 32}});

	const json why = json::parse(on_fakes({"--json", "100", "101"}).out)["cannot_merge_bytes"];
	EXPECT_EQ(why["hugetlb"], 1024 * 1024);
	EXPECT_EQ(why["devices"], 0x100000 + 3 * 1024);
	EXPECT_EQ(why["shared"], 8 * 1024);
	EXPECT_EQ(why["files"], (5 + 4 + 1) * 1024);
	EXPECT_EQ(why["swapped"], 9 * 1024);
	EXPECT_EQ(why["unreadable"], 12 * 1024);
	EXPECT_EQ(why["pinned"], 32 * 1024);
	EXPECT_HAS(on_fakes({"100"}).out, "share=on, vhost-user");
	EXPECT_HAS(on_fakes({"101"}).out, "pinned     32.0 KiB  pinned for a device");
}

/* QEMU offers the memory of its guest, and never its own. */
TEST_F(estimate_command, what_a_virtual_machine_has_for_itself)
{
	const std::string usual = "rd wr mr mw me ac";
	const fake_mapping own = {
		.range = "100000-200000", .flags = usual, .resident_kb = 70, .anonymous_kb = 64};
	const fake_mapping guest = {.range = "200000-300000", .flags = usual + " mg"};
	const auto own_bytes = [this](const char *pid) {
		return json::parse(on_fakes({"--json", pid}).out)["cannot_merge_bytes"]["emulator"];
	};

	add_fake(100, qemu("web", 1000), {own, guest});
	EXPECT_EQ(own_bytes("100"), 64 * 1024);
	EXPECT_HAS(on_fakes({"100"}).out, "emulator   64.0 KiB  of virtual machines");
	/* Here it is in a file, and counts once. */
	EXPECT_EQ(json::parse(on_fakes({"--json", "100"}).out)["cannot_merge_bytes"]["files"],
		  6 * 1024);
	/* A program that offers a part may come to offer the rest. */
	add_fake(101, {.arguments = {"x"}}, {guest});
	EXPECT_EQ(own_bytes("101"), 0);
}

TEST_F(estimate_command, which_processes)
{
	add_fake(100, qemu("web", 1000), {});
	add_fake(101, qemu("db", 1000), {{.range = "1000-2000"}});
	add_fake(102, qemu("db", 1000), {{.range = "1000-2000"}});
	add_fake(103, {.arguments = {"x"}}, {{.range = "1000-2000"}});
	const auto processes = [this](std::vector<std::string> words) {
		words.push_back("--json");
		return json::parse(on_fakes(words).out)["processes"].get<int>();
	};

	EXPECT_EQ(processes({"--vm", "db"}), 2);
	EXPECT_EQ(processes({"103", "--vm", "db", "--vm", "web"}), 3);
	EXPECT_EQ(processes({"--all"}), 3); /* the first has no memory */
	EXPECT_HAS(on_fakes({"--vm", "dp"}).err, "there is no virtual machine 'dp'; did you mean "
						 "'db'");
	EXPECT_HAS(on_fakes({"104"}).err, "there is no process 104");
	EXPECT_EQ(on_fakes({"104"}).status, 1);
	for (const auto &words :
	     std::vector<std::vector<std::string>>{{}, {"--all", "1"}, {"--all", "--vm", "db"}}) {
		EXPECT_EQ(on_fakes(words).status, 2);
		EXPECT_HAS(on_fakes(words).err, "give either PIDs, --vm NAME and --unit UNIT, or ");
	}
}

TEST_F(estimate_command, memory_that_may_not_be_read)
{
	if (geteuid())
		GTEST_SKIP() << "takes root, to become somebody else";
	add_fake(100, {.arguments = {"x"}}, {{.range = "1000-2000"}});
	add_fake(101, {.arguments = {"y"}}, {{.range = "1000-2000"}});
	outcome done = on_fakes({"--all"}, {.as_nobody = true});
	EXPECT_EQ(done.status, 1);
	EXPECT_HAS(done.err, "the memory of these processes may not be read");
	EXPECT_HAS(done.err, "run ksmctl as root");

	chmod(proc("100/smaps").c_str(), 0444);
	done = on_fakes({"--all"}, {.as_nobody = true});
	EXPECT_EQ(done.status, 0);
	EXPECT_HAS(done.err, "the memory of 1 more may not be read");
}

TEST_F(estimate_command, kernels_that_do_not_tell_which_pages_are_there)
{
	add_fake(100, {.arguments = {"x"}}, {{.range = "1000-2000", .anonymous_kb = 4}});
	EXPECT_EQ(on_fakes({"100"}).status, 1);
	EXPECT_HAS(on_fakes({"100"}).err, "it takes Linux 6.7 or later");
}

} /* namespace */
} /* namespace ksm */
