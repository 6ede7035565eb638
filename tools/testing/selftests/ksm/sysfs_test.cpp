// SPDX-License-Identifier: GPL-2.0
/* Every file, its range, its errors, its mode. */
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/ksm_pages.hpp"
#include "support/pagemap.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"

namespace ksm
{

class sysfs : public ksm_test
{
protected:
	struct attempt {
		const char *value;
		int error;
	};

	/* Refused values must leave the file as it was; accepted ones are read back. */
	static void try_each(const std::string &name, const std::vector<attempt> &attempts)
	{
		for (const auto &[value, error] : attempts) {
			std::string before = knob_text(name);

			EXPECT_EQ(try_knob(name, value), error)
				<< name << " <- \"" << value << "\"";
			if (error) {
				EXPECT_EQ(knob_text(name), before)
					<< name << " <- \"" << value << "\"";
			}
		}
	}
	static void accepts(const std::string &name, const std::vector<std::string> &values)
	{
		for (const auto &value : values) {
			EXPECT_EQ(try_knob(name, value), 0) << name << " <- " << value;
			EXPECT_EQ(knob_text(name), value) << name;
			EXPECT_EQ(try_knob(name, value + "\n"), 0) << name << " <- " << value;
			EXPECT_EQ(knob_text(name), value) << name;
		}
	}
};

TEST_F(sysfs, modes)
{
	const std::vector<std::pair<const char *, mode_t>> files = {
		{"run", 0644},
		{"pages_to_scan", 0644},
		{"sleep_millisecs", 0644},
		{"max_page_sharing", 0644},
		{"use_zero_pages", 0644},
		{"smart_scan", 0644},
		{"stable_node_chains_prune_millisecs", 0644},
		{"advisor_mode", 0644},
		{"advisor_max_cpu", 0644},
		{"advisor_min_pages_to_scan", 0644},
		{"advisor_max_pages_to_scan", 0644},
		{"advisor_target_scan_time", 0644},
		{"pages_scanned", 0444},
		{"pages_skipped", 0444},
		{"pages_shared", 0444},
		{"pages_sharing", 0444},
		{"pages_unshared", 0444},
		{"pages_volatile", 0444},
		{"ksm_zero_pages", 0444},
		{"general_profit", 0444},
		{"full_scans", 0444},
		{"stable_node_chains", 0444},
		{"stable_node_dups", 0444},
	};

	for (const auto &[name, mode] : files) {
		struct stat info;

		ASSERT_EQ(stat(knob_path(name).c_str(), &info), 0) << name;
		EXPECT_EQ(info.st_mode & 07777, mode) << name;
		std::string text = read_text(knob_path(name));

		EXPECT_EQ(text.find('\n'), std::string::npos) << name << " is one line";
		EXPECT_FALSE(text.empty()) << name;
		if (mode == 0444) {
			EXPECT_NE(try_knob(name, "1"), 0) << name << " may not be written";
		}
	}
}

/* Only true of a kernel on which nobody has set anything yet. */
TEST_F(sysfs, defaults)
{
	if (!std::getenv("KSM_TEST_FRESH_BOOT"))
		GTEST_SKIP() << "KSM_TEST_FRESH_BOOT does not say that all knobs are untouched";
	const std::vector<std::pair<const char *, const char *>> standard = {
		{"run", "0"},
		{"pages_to_scan", "100"},
		{"sleep_millisecs", "20"},
		{"max_page_sharing", "256"},
		{"use_zero_pages", "0"},
		{"smart_scan", "1"},
		{"stable_node_chains_prune_millisecs", "2000"},
		{"advisor_mode", "none"},
		{"advisor_max_cpu", "70"},
		{"advisor_min_pages_to_scan", "500"},
		{"advisor_max_pages_to_scan", "30000"},
		{"advisor_target_scan_time", "200"},
	};

	for (const auto &[name, value] : standard)
		EXPECT_EQ(knobs_before().value(name), value) << name;
	if (has_knob("merge_across_nodes")) {
		EXPECT_EQ(knobs_before().value("merge_across_nodes"), "1");
	}
}

TEST_F(sysfs, run)
{
	try_each("run", {{"3", EINVAL},
			 {"-1", EINVAL},
			 {"4294967296", EINVAL},
			 {"on", EINVAL},
			 {"1x", EINVAL},
			 {" ", EINVAL}});
	accepts("run", {"0", "1", "0", "2", "0"});
}

TEST_F(sysfs, numbers_of_32_bits)
{
	for (const char *name :
	     {"pages_to_scan", "sleep_millisecs", "stable_node_chains_prune_millisecs"}) {
		try_each(name, {{"-1", EINVAL},
				{"4294967296", EINVAL},
				{"many", EINVAL},
				{"1.5", EINVAL},
				{"0x10", EINVAL}});
		accepts(name, {"1", "4294967295", "0"});
	}
}

TEST_F(sysfs, merge_across_nodes)
{
	if (!has_knob("merge_across_nodes"))
		GTEST_SKIP() << "this kernel has no CONFIG_NUMA";
	try_each(
		"merge_across_nodes",
		{{"2", EINVAL}, {"-1", EINVAL}, {"yes", EINVAL}, {"18446744073709551616", ERANGE}});
	accepts("merge_across_nodes", {"0", "1"});
}

TEST_F(sysfs, max_page_sharing)
{
	try_each("max_page_sharing", {{"1", EINVAL},
				      {"0", EINVAL},
				      {"-2", EINVAL},
				      {"few", EINVAL},
				      {"2147483648", ERANGE},
				      {"18446744073709551616", ERANGE}});
	accepts("max_page_sharing", {"2", "2147483647", "256"});
}

TEST_F(sysfs, booleans)
{
	for (const char *name : {"use_zero_pages", "smart_scan"}) {
		try_each(name, {{"2", EINVAL}, {"-1", EINVAL}, {"maybe", EINVAL}});
		accepts(name, {"1", "0"});
		EXPECT_EQ(try_knob(name, "y"), 0);
		EXPECT_EQ(knob(name), 1);
		EXPECT_EQ(try_knob(name, "off"), 0);
		EXPECT_EQ(knob(name), 0);
	}
}

TEST_F(sysfs, advisor)
{
	std::string text = knob_text("advisor_mode");

	EXPECT_EQ(text.rfind("[none] scan-time", 0), 0u) << text;
	try_each("advisor_mode", {{"scan", EINVAL}, {"[none]", EINVAL}, {"1", EINVAL}});
	for (const char *name : {"advisor_max_cpu", "advisor_min_pages_to_scan",
				 "advisor_max_pages_to_scan", "advisor_target_scan_time"})
		try_each(name, {{"-1", EINVAL}, {"much", EINVAL}});
	try_each("advisor_target_scan_time", {{"0", EINVAL}});
	try_each("advisor_max_cpu", {{"101", EINVAL}});
	accepts("advisor_max_cpu", {"1", "100", "70"});
	/* The least is not above the most. */
	try_each("advisor_min_pages_to_scan", {{"30001", EINVAL}});
	try_each("advisor_max_pages_to_scan", {{"499", EINVAL}});
	accepts("advisor_min_pages_to_scan", {"600", "500"});
	accepts("advisor_max_pages_to_scan", {"40000", "30000"});
	accepts("advisor_target_scan_time", {"1", "200"});
}

TEST_F(sysfs, advisor_rules_pages_to_scan)
{
	set_knob("pages_to_scan", 777);
	set_knob("advisor_min_pages_to_scan", 600);
	set_knob("advisor_mode", "scan-time");
	EXPECT_EQ(knob_text("advisor_mode").rfind("none [scan-time]", 0), 0u);
	EXPECT_EQ(knob("pages_to_scan"), 600);
	EXPECT_EQ(try_knob("pages_to_scan", "100"), EINVAL);
	EXPECT_EQ(knob("pages_to_scan"), 600);
	set_knob("advisor_mode", "scan-time");
	EXPECT_EQ(knob("pages_to_scan"), 600);
	set_knob("advisor_mode", "none");
	EXPECT_EQ(knob("pages_to_scan"), 100);
	EXPECT_EQ(try_knob("pages_to_scan", "200"), 0);
	EXPECT_EQ(knob("pages_to_scan"), 200);
	set_knob("advisor_mode", "none");
	EXPECT_EQ(knob("pages_to_scan"), 200) << "no change of mode, no change of pace";
}

/* ksmd pauses as long as it takes to keep to it, and not by sleep_millisecs. */
TEST_F(sysfs, advisor_keeps_a_cpu_budget)
{
	region memory(64);

	memory.fill_unique(1);
	memory.mergeable();
	set_knob("sleep_millisecs", 3600000);
	set_knob("advisor_max_cpu", 50);
	set_knob("advisor_mode", "cpu-budget");
	EXPECT_EQ(knob_text("advisor_mode").rfind("none scan-time [cpu-budget]", 0), 0u);
	EXPECT_EQ(try_knob("pages_to_scan", "100"), EINVAL);
	start_ksmd();
	await_scans(3);
	EXPECT_GE(knob("pages_to_scan"), 1);
	EXPECT_LE(knob("pages_to_scan"), knob("advisor_max_pages_to_scan"));
	stop_ksmd();
	set_knob("advisor_mode", "none");
	EXPECT_EQ(knob("pages_to_scan"), 100);
}

/* However short a pass was, or cheap: after each the limits have the last word. */
TEST_F(sysfs, advisor_keeps_to_its_limits)
{
	region memory(16);

	memory.fill_unique(1);
	memory.mergeable();
	set_knob("advisor_min_pages_to_scan", 600);
	set_knob("advisor_max_pages_to_scan", 650);
	set_knob("advisor_mode", "scan-time");
	for (const char *target : {"1", "200", "100000"}) {
		set_knob("advisor_target_scan_time", target);
		for (int pass = 0; pass < 4; pass++) {
			scan(1);
			EXPECT_GE(knob("pages_to_scan"), 600) << "target " << target;
			EXPECT_LE(knob("pages_to_scan"), 650) << "target " << target;
		}
	}
}

/* Its limits may be 0, and ksmd may have had nothing to do: it goes on all the same. */
TEST_F(sysfs, advisor_does_not_stop_ksmd)
{
	region memory(8);

	memory.fill_unique(1);
	memory.mergeable();
	set_knob("pages_to_scan", 0L);
	start_ksmd();
	set_knob("advisor_min_pages_to_scan", 0L);
	set_knob("advisor_max_pages_to_scan", 0L);
	set_knob("advisor_mode", "scan-time");
	await_scans(3);
	EXPECT_EQ(knob("pages_to_scan"), 1);
	stop_ksmd();
}

/* A sleeping ksmd takes up a new pause at once. */
TEST_F(sysfs, sleep_millisecs_wakes_ksmd)
{
	region memory(4);
	stepper ksmd; /* is built on just that, and would hang */

	memory.fill_all(1);
	memory.mergeable();
	for (int i = 0; i < 3; i++)
		ksmd.pass();
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
}

/* No pages per batch is allowed, and means that nothing is scanned. */
TEST_F(sysfs, no_pages_to_scan)
{
	region memory(8);

	memory.fill_all(2);
	memory.mergeable();
	set_knob("pages_to_scan", 0L);
	set_knob("sleep_millisecs", 1);
	start_ksmd();
	usleep(100 * 1000);
	stop_ksmd();
	EXPECT_EQ(truth_of(memory).total(), 0u);
	set_knob("pages_to_scan", 1000);
	set_knob("sleep_millisecs", 0L);
	scan(3);
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
}

/* Small batches come to the same result. */
TEST_F(sysfs, one_page_to_scan)
{
	region memory(40);

	for (std::size_t i = 0; i < memory.pages(); i++)
		memory.fill(i, i / 2);
	memory.mergeable();
	set_knob("pages_to_scan", 1);
	scan();
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
	EXPECT_EQ(truth_of(memory).frames(), memory.pages() / 2);
}

/* Knobs that the old engine does not have. */
TEST_F(sysfs, thp_split_threshold)
{
	KSM_SKIP_IF(why_no_knob("thp_split_threshold"));
	try_each("thp_split_threshold", {{"513", EINVAL}, {"-1", EINVAL}, {"all", EINVAL}});
	accepts("thp_split_threshold", {"0", "512", "1"});
}

TEST_F(sysfs, fingerprint)
{
	KSM_SKIP_IF(why_no_knob("fingerprint"));
	EXPECT_EQ(try_knob("fingerprint", "md5"), EINVAL);
	EXPECT_EQ(try_knob("fingerprint", "xxhash"), 0);
	EXPECT_EQ(knob_text("fingerprint"), "auto crc32c [xxhash]");

	region memory(4);

	memory.fill_all(3);
	memory.mergeable();
	scan();
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
	EXPECT_EQ(try_knob("fingerprint", "auto"), EBUSY);
	EXPECT_EQ(knob_text("fingerprint"), "auto crc32c [xxhash]");
	unmerge_all();
	EXPECT_EQ(try_knob("fingerprint", "auto"), 0);
	EXPECT_EQ(knob_text("fingerprint"), "[auto] crc32c xxhash");
	scan();
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
}

TEST_F(sysfs, tree_levels)
{
	KSM_SKIP_IF(why_no_knob("stable_tree_levels"));
	EXPECT_EQ(knob("stable_tree_levels"), 0);
	EXPECT_EQ(knob("unstable_tree_levels"), 0);

	region memory(64);

	for (std::size_t i = 0; i < memory.pages(); i++)
		memory.fill(i, i < 32 ? i / 2 : i);
	memory.mergeable();
	scan(3);
	/* 16 and 32 nodes: a red-black tree is at most twice the ideal height. */
	EXPECT_GE(knob("stable_tree_levels"), 5);
	EXPECT_LE(knob("stable_tree_levels"), 9);
	EXPECT_GE(knob("unstable_tree_levels"), 6);
	EXPECT_LE(knob("unstable_tree_levels"), 11);
	EXPECT_EQ(knob("chains_prune_miss_ratio"), 0);
}

TEST_F(sysfs, counters_that_are_roots)
{
	KSM_SKIP_IF(why_no_knob("restrict_counters"));
	EXPECT_EQ(knob_text("restrict_counters"), "0");
	accepts("restrict_counters", {"1", "0"});
	try_each("restrict_counters",
		 {{"2", EINVAL}, {"-1", EINVAL}, {"y", EINVAL}, {"on", EINVAL}, {"\n", EINVAL}});

	int opened_by_root = open(knob_path("pages_sharing").c_str(), O_RDONLY);
	ASSERT_GE(opened_by_root, 0);
	auto readable = [&](bool restricted) {
		child other([&](parent_link &) {
			char byte;

			require(setresuid(1001, 1001, 1001) == 0, "setresuid() failed");
			for (const auto &file :
			     std::filesystem::directory_iterator(knob_path(""))) {
				std::string name = file.path().filename();
				struct stat info;

				require(stat(file.path().c_str(), &info) == 0, name);
				if ((info.st_mode & 07777) != 0444)
					continue;
				int fd = open(file.path().c_str(), O_RDONLY);
				errno = 0;
				bool read_it = read(fd, &byte, 1) == 1;
				require(read_it != restricted,
					name + (read_it ? " can" : " cannot") + " be read");
				require(read_it || errno == EPERM, name + ": no EPERM");
				close(fd);
			}
			require((pread(opened_by_root, &byte, 1, 0) == 1) != restricted,
				"what root has opened");
			/* Knobs are no secret. */
			require(knob("restrict_counters") == restricted, "restrict_counters");
			require(knob("run") >= 0, "run");
		});
	};

	readable(false);
	set_knob("restrict_counters", 1);
	readable(true);
	EXPECT_EQ(knob("pages_sharing"), 0) << "root may read them";
	set_knob("restrict_counters", 0);
	readable(false);
	close(opened_by_root);
}

/* The errors of madvise() itself. */
TEST_F(sysfs, madvise_errors)
{
	region memory(8);

	EXPECT_EQ(madvise(memory.data() + 1, page_size, MADV_MERGEABLE), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(madvise(memory.data(), 0, MADV_MERGEABLE), 0);
	EXPECT_EQ(madvise(memory.data(), page_size, MADV_UNMERGEABLE), 0) << "never offered";
	ASSERT_EQ(munmap(memory.page(3), page_size), 0);
	EXPECT_EQ(madvise(memory.data(), memory.bytes(), MADV_MERGEABLE), -1);
	EXPECT_EQ(errno, ENOMEM) << "a hole in the range";
	EXPECT_TRUE(vma_has_flag(memory.page(0), "mg")) << "but the rest is done";
	EXPECT_TRUE(vma_has_flag(memory.page(4), "mg")) << "but the rest is done";
	EXPECT_EQ(madvise(memory.data(), memory.bytes(), MADV_UNMERGEABLE), -1);
	EXPECT_EQ(errno, ENOMEM);
	EXPECT_FALSE(vma_has_flag(memory.page(4), "mg"));
}

/* The kernel thread: its priority, and no time used for nothing. */
TEST_F(sysfs, ksmd)
{
	ASSERT_NE(ksmd_pid(), 0);

	std::string stat = read_text("/proc/" + std::to_string(ksmd_pid()) + "/stat");
	std::string rest = stat.substr(stat.rfind(')') + 2);
	std::size_t at = 0;

	for (int field = 3; field < 19; field++)
		at = rest.find(' ', at) + 1;
	EXPECT_EQ(std::stoi(rest.substr(at)), 5) << "nice value";

	/* Stopped, and the last batch over: it uses no time at all. */
	stop_ksmd();
	usleep(50 * 1000);
	EXPECT_TRUE(ksmd_asleep());
	unsigned long long before = ksmd_cpu_ns();

	usleep(300 * 1000);
	EXPECT_EQ(ksmd_cpu_ns(), before);

	/* Nor does it when it is on, but nobody has offered anything. */
	start_ksmd();
	usleep(50 * 1000);
	before = ksmd_cpu_ns();
	usleep(300 * 1000);
	EXPECT_EQ(ksmd_cpu_ns(), before);
	EXPECT_TRUE(ksmd_asleep());
}

} /* namespace ksm */
