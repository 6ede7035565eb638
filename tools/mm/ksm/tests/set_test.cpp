// SPDX-License-Identifier: GPL-2.0
/* 'set' writes all or nothing, and says why not. */
#include <cerrno>
#include <functional>
#include <map>

#include "changes.hpp"
#include "commands.hpp"
#include "error.hpp"
#include "tests/expect.hpp"
#include "tests/fake_proc.hpp"
#include "tests/program.hpp"

namespace ksm
{
namespace
{

using words = std::vector<std::string>;

/* Refuses writes as the kernel does. */
class stubborn : public knobs
{
public:
	stubborn(const std::string &path, std::map<std::string, int> refused,
		 std::function<void()> meanwhile)
		: knobs(path), refused_(std::move(refused)), meanwhile_(std::move(meanwhile))
	{
	}

	int write(const std::string &name, const std::string &value) const override
	{
		const auto found = refused_.find(name);

		if (found == refused_.end())
			return knobs::write(name, value);
		meanwhile_();
		return found->second;
	}

private:
	std::map<std::string, int> refused_;
	std::function<void()> meanwhile_;
};

class set_command : public fake_proc
{
protected:
	outcome set(words more, const manner &manner = {}) const
	{
		words all = {"--sysfs", path(), "--proc", proc(), "set"};

		all.insert(all.end(), more.begin(), more.end());
		return ksmctl(all, manner);
	}

	/* What is said when the kernel refuses; empty if it does not. */
	std::string complaint(
		const words &what, std::map<std::string, int> refused,
		std::function<void()> meanwhile = [] {}) const
	{
		try {
			ksm::set(stubborn(path(), std::move(refused), std::move(meanwhile)), proc(),
				 what, {});
		} catch (const error &error) {
			return std::string(error.what()) + " / " + error.cure();
		}
		return "";
	}

	void expect_unwritten() const
	{
		EXPECT_EQ(text("run"), "1");
		EXPECT_EQ(text("pages_to_scan"), "100");
		EXPECT_EQ(text("sleep_millisecs"), "20");
	}
};

TEST_F(set_command, writes_all)
{
	const outcome done = set({"run=0", "pages_to_scan=200"});

	EXPECT_EQ(done.status, 0);
	EXPECT_EQ(done.err, "");
	EXPECT_EQ(text("run"), "0");
	EXPECT_EQ(text("pages_to_scan"), "200");
	EXPECT_HAS(done.out, "run: 1 -> 0 (");
	EXPECT_HAS(done.out, "pages_to_scan: 100 -> 200 (");
}

TEST_F(set_command, takes_a_name_and_a_value)
{
	EXPECT_EQ(set({"pages_to_scan", "300"}).status, 0);
	EXPECT_EQ(text("pages_to_scan"), "300");
	EXPECT_EQ(set({"run", "pages_to_scan", "1"}).status, 2);
	EXPECT_EQ(set({"=1"}).status, 2);
}

TEST_F(set_command, start_and_stop)
{
	EXPECT_EQ(ksmctl({"--sysfs", path(), "stop"}).status, 0);
	EXPECT_EQ(text("run"), "0");
	EXPECT_EQ(ksmctl({"start", "--sysfs", path()}).status, 0);
	EXPECT_EQ(text("run"), "1");
}

/* Its unit ksm.service calls them, and systemd looks at no more than the exit status. */
TEST_F(set_command, start_and_stop_end_as_those_of_debians_ksmtuned)
{
	const auto at = [this](const char *word, const manner &manner = {}) {
		return ksmctl({"--sysfs", path(), word}, manner).status;
	};

	setenv("KSM_MAX_KERNEL_PAGES", "100", 1);
	for (const char *word : {"start", "start", "stop", "stop"})
		EXPECT_EQ(at(word), 0);
	unsetenv("KSM_MAX_KERNEL_PAGES");
	EXPECT_EQ(text("run"), "0");
	if (!geteuid()) {
		EXPECT_EQ(at("start", {.as_nobody = true}), 1);
	}
	clear();
	EXPECT_EQ(at("start"), 1);
	EXPECT_EQ(at("stop"), 1);
	EXPECT_EQ(ksmctl({"--sysfs", path("none"), "start"}).status, 1);
	EXPECT_NE(ksmctl({}).status, 0);
	EXPECT_NE(at("restart"), 0);
}

TEST_F(set_command, writes_nothing_if_one_is_bad)
{
	const std::pair<const char *, const char *> bad[] = {
		{"run=3", "run takes 0 (stop), 1 (merge) or 2"},
		{"run=", "run takes 0"},
		{"sleep_millisecs=4294967296", "from 0 to 4294967295"},
		{"sleep_millisecs=-1", "from 0 to 4294967295"},
		{"sleep_millisecs=0x10", "from 0 to 4294967295"},
		{"advisor_target_scan_time=0", "from 1 to 18446744073709551615"},
		{"smart_scan=2", "smart_scan takes 0 or 1"},
		{"restrict_counters=2", "restrict_counters takes 0 or 1"},
		{"uniform_faults=y", "uniform_faults takes 0 or 1"},
		{"pressure_boost=2", "pressure_boost takes 0 or 1"},
		{"domain_mode=user", "domain_mode takes cgroup, cgroup+user"},
		{"fingerprint=md5", "fingerprint takes auto, crc32c, xxhash"},
		{"pages_shared=1", "is a counter"},
		{"pages_to_scna=1", "did you mean 'pages_to_scan'?"},
		{"../ksm/run=1", "no knob '../ksm/run'"},
	};

	for (const auto &[word, said] : bad) {
		const outcome done =
			set({"pages_to_scan=200", "sleep_millisecs=30", word}, {.columns = 500});

		EXPECT_EQ(done.status, 2) << word;
		EXPECT_HAS(done.out, said);
		expect_unwritten();
	}
}

TEST_F(set_command, dry_run_writes_nothing_and_checks_all)
{
	const outcome done = set({"--dry-run", "run=0", "pages_to_scan=0"});

	EXPECT_EQ(done.status, 0);
	EXPECT_HAS(done.out, "run: 1 -> 0 (not written)");
	EXPECT_HAS(done.err, "ksmd scans nothing");
	expect_unwritten();
	EXPECT_EQ(set({"--dry-run", "run=0", "run=3"}).status, 2);
	EXPECT_HAS(set({"--dry-run", "run=0", "smart_scan=0", "run=1"}).out,
		   "run: 1 -> 0 (not written)\nsmart_scan: 1 -> 0 (not written)\n"
		   "run: 0 -> 1 (not written)\n");
}

TEST_F(set_command, knows_that_the_advisor_sets_pages_to_scan)
{
	knob("advisor_mode", "none [scan-time]");

	const outcome done = set({"run=0", "pages_to_scan=200"}, {.columns = 500});
	EXPECT_EQ(done.status, 1);
	EXPECT_HAS(done.out, "the advisor sets it");
	expect_unwritten();
	/* In this order it works. */
	EXPECT_EQ(set({"advisor_mode=none", "pages_to_scan=200"}).status, 0);
	EXPECT_EQ(text("pages_to_scan"), "200");
}

TEST_F(set_command, knows_what_cannot_change_while_pages_are_merged)
{
	EXPECT_EQ(set({"run=0", "max_page_sharing=512"}).status, 1);
	expect_unwritten();
	EXPECT_EQ(set({"max_page_sharing=256"}).status, 0);
	EXPECT_EQ(set({"run=2", "max_page_sharing=512", "run=1"}).status, 0);
	EXPECT_EQ(text("max_page_sharing"), "512");
	EXPECT_EQ(text("run"), "1");
}

TEST_F(set_command, puts_back_what_was_written_before_one_fails)
{
	const std::string said =
		complaint({"pages_to_scan=200", "sleep_millisecs=30", "run=0"}, {{"run", EIO}});

	EXPECT_HAS(said, "cannot set run to '0': Input/output error");
	EXPECT_HAS(said, "pages_to_scan is again 100");
	EXPECT_HAS(said, "sleep_millisecs is again 20");
	expect_unwritten();
}

TEST_F(set_command, tells_one_reason_of_the_kernel_from_another)
{
	std::string said =
		complaint({"thp_split_threshold=600"}, {{"thp_split_threshold", EINVAL}});
	EXPECT_HAS(said, "does not take that value / thp_split_threshold takes");
	EXPECT_LACKS(said, "advisor");

	/* Somebody switches the advisor on between our check and the write. */
	said = complaint({"pages_to_scan=200"}, {{"pages_to_scan", EINVAL}},
			 [this] { knob("advisor_mode", "none [scan-time]"); });
	EXPECT_HAS(said, "the advisor sets it / set advisor_mode=none before it");
	knob("advisor_mode", "[none] scan-time");
	EXPECT_HAS(complaint({"pages_to_scan=200"}, {{"pages_to_scan", EINVAL}}),
		   "does not take that value");

	EXPECT_HAS(complaint({"max_page_sharing=256"}, {{"max_page_sharing", EBUSY}}),
		   "only while nothing is merged");
	EXPECT_HAS(complaint({"fingerprint=auto"}, {{"fingerprint", EOPNOTSUPP}}),
		   "this CPU has no instructions");
	EXPECT_HAS(complaint({"run=0"}, {{"run", EACCES}}), "root only");
	EXPECT_HAS(complaint({"run=0"}, {{"run", EROFS}}), "containers");
}

TEST_F(set_command, an_unsharing_that_ends_half_way_says_how_to_go_on)
{
	for (const int err : {EINTR, ENOMEM}) {
		const std::string said = complaint({"pages_to_scan=200", "run=2"}, {{"run", err}});

		EXPECT_HAS(said, "400000 pages are still merged, and ksmd is stopped");
		EXPECT_HAS(said, "'ksmctl set run=2' goes on with it");
		EXPECT_HAS(said, "'ksmctl start' merges again");
		EXPECT_EQ(text("pages_to_scan"), "100");
	}
}

TEST_F(set_command, a_user_without_the_right_writes_nothing)
{
	put("sleep_millisecs", "20", 0666);
	const outcome done =
		set({"sleep_millisecs=30", "run=0"}, {.as_nobody = true, .columns = 500});

	EXPECT_EQ(done.status, geteuid() ? 0 : 1);
	if (!geteuid()) {
		EXPECT_HAS(done.out, "by root only");
		expect_unwritten();
	}
}

TEST_F(set_command, warns_of_nonsense_that_the_kernel_takes)
{
	const std::pair<const char *, const char *> odd[] = {
		{"sleep_millisecs=4294967295", "49.7 days"},
		{"sleep_millisecs=0", "never sleeps"},
		{"pages_to_scan=0", "scans nothing"},
		{"pages_to_scan=4294967295", "16.00 TiB before it sleeps"},
		{"max_page_sharing=2", "one page in 2"},
		{"max_page_sharing=2147483647", "2147483647 mappings"},
		{"advisor_max_cpu=5", "less than 10 as 10"},
		{"advisor_min_pages_to_scan=0", "0 as 1"},
		{"advisor_target_scan_time=1000000", "more than a day"},
		{"advisor_target_scan_time=100", "without effect while advisor_mode is none"},
		{"stable_node_chains_prune_millisecs=4294967295", "49.7 days"},
	};

	counter("pages_shared", "0");
	for (const auto &[word, said] : odd) {
		const outcome done = set({word, "-n"}, {.columns = 500});

		EXPECT_EQ(done.status, 0) << word;
		EXPECT_HAS(done.out, "warning: ");
		EXPECT_HAS(done.out, said);
	}
	EXPECT_EQ(
		set({"sleep_millisecs=50", "pages_to_scan=1000", "max_page_sharing=512", "-n"}).err,
		"");
}

TEST_F(set_command, knows_which_knobs_a_budget_leaves_out)
{
	knob("advisor_mode", "none scan-time [cpu-budget]");
	for (const char *word : {"sleep_millisecs=30", "advisor_target_scan_time=100",
				 "advisor_min_pages_to_scan=600"})
		EXPECT_HAS(set({word, "-n"}, {.columns = 500}).out,
			   "without effect while advisor_mode is cpu-budget");
	EXPECT_EQ(set({"advisor_max_cpu=5", "advisor_max_pages_to_scan=9000", "-n"}).err, "");
	EXPECT_HAS(set({"advisor_max_cpu=0", "-n"}).err, "the kernel counts 0 as 1");
	EXPECT_EQ(set({"advisor_mode=none", "sleep_millisecs=30", "-n"}).err, "");
}

TEST_F(set_command, keeps_the_advisors_bounds_in_order)
{
	const outcome above = set({"run=0", "advisor_min_pages_to_scan=40000"}, {.columns = 500});

	EXPECT_EQ(above.status, 1);
	EXPECT_HAS(above.out, "advisor_min_pages_to_scan would be above "
			      "advisor_max_pages_to_scan");
	EXPECT_EQ(set({"advisor_max_pages_to_scan=499"}).status, 1);
	EXPECT_EQ(
		set({"advisor_min_pages_to_scan=40000", "advisor_max_pages_to_scan=50000"}).status,
		1);
	expect_unwritten();
	EXPECT_EQ(text("advisor_min_pages_to_scan"), "500");
	EXPECT_EQ(
		set({"advisor_max_pages_to_scan=50000", "advisor_min_pages_to_scan=40000"}).status,
		0);
	EXPECT_EQ(text("advisor_min_pages_to_scan"), "40000");
}

TEST_F(set_command, names_no_file_of_the_kernels_source)
{
	knob("knob_of_tomorrow", "5");
	for (const int err : {EINVAL, EIO, EBUSY, ENOMEM, EPERM})
		EXPECT_LACKS(complaint({"knob_of_tomorrow=7"}, {{"knob_of_tomorrow", err}}),
			     "Documentation");
}

} /* namespace */
} /* namespace ksm */
