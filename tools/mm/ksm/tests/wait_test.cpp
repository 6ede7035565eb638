// SPDX-License-Identifier: GPL-2.0
/* 'wait' and 'merge', on files that look like those of KSM. */
#include <chrono>
#include <filesystem>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

#include "format.hpp"
#include "lib/json.hpp"
#include "passes.hpp"
#include "tests/expect.hpp"
#include "tests/fake_proc.hpp"
#include "tests/program.hpp"
#include "visits.hpp"

namespace ksm
{
namespace
{

TEST(passes, those_that_began_later)
{
	const auto now = passes::time();
	passes passes(7);

	EXPECT_FALSE(passes.begun());
	for (const auto &[scans, done] : {std::pair{7, 0}, {8, 0}, {9, 1}, {10, 2}, {11, 3}}) {
		passes.look(scans, now);
		EXPECT_EQ(passes.done(), done) << scans;
	}
	EXPECT_TRUE(passes.begun());
	EXPECT_EQ(passes.text(), "3 passes done");
	/* Everything was unshared. */
	passes.look(0, now);
	EXPECT_EQ(passes.done(), 0);
	passes.look(2, now);
	EXPECT_EQ(passes.text(), "1 pass done");
}

class waiting : public fake_proc
{
protected:
	waiting()
	{
		add(100, "yes");
		add(101, "no");
	}

	/* @mergeable: yes or no, as ksm_stat says */
	void add(int pid, const std::string &mergeable) const
	{
		const std::string flags = mergeable == "yes" ? "rd wr mg" : "rd wr";

		add_process(pid, {.arguments = {"/bin/x"},
				  .ksm_stat = "ksm_rmap_items 0\nksm_zero_pages 0\n"
					      "ksm_merging_pages 0\nksm_process_profit 0\n"
					      "ksm_merge_any: no\nksm_mergeable: " +
					      mergeable + "\n",
				  .smaps = smaps_of({{.range = "1000-2000", .flags = flags}})});
	}

	outcome at(std::vector<std::string> words) const
	{
		words.insert(words.begin(), {"--sysfs", path(), "--proc", proc()});
		return ksmctl(words);
	}

	/* The same, while something is done a second later. */
	template <typename F> outcome at(const std::vector<std::string> &words, F &&meanwhile) const
	{
		const std::jthread other([&] {
			std::this_thread::sleep_for(std::chrono::seconds(1));
			meanwhile();
		});

		return at(words);
	}
};

TEST_F(waiting, for_two_passes)
{
	for (const std::vector<std::string> &words :
	     {std::vector<std::string>{"wait", "--json"}, {"wait", "--json", "--pid", "100"}}) {
		counter("full_scans", "7");
		const outcome done = at(words, [this] { counter("full_scans", "10"); });
		const json told = json::parse(done.out);

		EXPECT_EQ(done.status, 0) << done.err;
		EXPECT_EQ(told["passes"], 2);
		EXPECT_GT(told["seconds"], 0.5);
		EXPECT_EQ(told["nothing_left"], false);
	}
}

TEST_F(waiting, one_pass_is_enough_if_all_is_known)
{
	counter("pages_volatile", "0");
	counter("full_scans", "7");
	const outcome done = at({"wait"}, [this] { counter("full_scans", "9"); });
	EXPECT_EQ(done.status, 0) << done.err;
	EXPECT_HAS(done.out, "all that is offered is known to ksmd");
	EXPECT_HAS(done.out, "1 pass done");

	/* Some were left out: they are in no count. */
	counter("full_scans", "7");
	const outcome left_out = at({"wait", "--json"}, [this] {
		counter("pages_unslotted", "1");
		counter("full_scans", "9");
		std::this_thread::sleep_for(std::chrono::seconds(1));
		counter("full_scans", "10");
	});
	EXPECT_EQ(json::parse(left_out.out)["passes"], 2);
}

TEST_F(waiting, how_far_a_pass_is)
{
	const knobs knobs(path());
	visits visits(knobs);

	counter("pages_scanned", "1000");
	counter("pages_skipped", "0");
	counter("pages_offered", "400");
	visits.look(7);
	EXPECT_FALSE(visits.percent());
	visits.look(8);
	EXPECT_EQ(visits.percent(), 0);
	counter("pages_skipped", "100");
	visits.look(8);
	EXPECT_EQ(visits.percent(), 25);
	/* Half of it is there, as the end of the pass shows. */
	counter("pages_scanned", "1100");
	visits.look(9);
	counter("pages_scanned", "1150");
	EXPECT_EQ(visits.percent(), 25);
	counter("pages_scanned", "5000");
	EXPECT_EQ(visits.percent(), 99);
	remove("pages_skipped");
	EXPECT_FALSE(visits.percent());
}

TEST_F(waiting, not_for_ever)
{
	knob("run", "0");
	EXPECT_HAS(at({"wait"}).err, "start it by 'ksmctl start'");
	knob("run", "1");
	knob("pages_to_scan", "0");
	EXPECT_HAS(at({"wait"}).err, "pages_to_scan is 0");
	knob("pages_to_scan", "100");
	EXPECT_HAS(at({"wait", "--pid", "101"}).err, "'ksmctl offer 101' does it");
	EXPECT_HAS(at({"wait", "--pid", "102"}).err, "there is no process 102");
	end_process(100);
	EXPECT_HAS(at({"wait"}).err, "no process offers memory");
	EXPECT_EQ(at({"wait"}).status, 1);
}

TEST_F(waiting, not_for_ever_where_only_smaps_tells)
{
	const std::string old = "ksm_rmap_items 0\nksm_zero_pages 0\n";

	add_process(100, {.arguments = {"/bin/x"},
			  .ksm_stat = old,
			  .smaps = smaps_of({{.range = "1000-2000"}})});
	EXPECT_HAS(at({"wait", "--pid", "100"}).err, "process 100 offers no memory");
	add_process(100, {.arguments = {"/bin/x"},
			  .ksm_stat = old,
			  .smaps = smaps_of({{.range = "1000-2000", .flags = "rd mg"}})});
	counter("full_scans", "7");
	const outcome done = at({"wait", "--pid", "100"}, [this] { counter("full_scans", "10"); });
	EXPECT_EQ(done.status, 0) << done.err;
}

TEST_F(waiting, ends_when_it_becomes_useless)
{
	const outcome stopped = at({"wait"}, [this] { knob("run", "0"); });
	EXPECT_EQ(stopped.status, 1);
	EXPECT_HAS(stopped.err, "KSM is stopped");
	knob("run", "1");

	const outcome ended = at({"wait", "--pid", "100"}, [this] { end_process(100); });
	EXPECT_EQ(ended.status, 0);
	EXPECT_HAS(ended.out, "process 100 has ended, or offers nothing any more");
	add(100, "yes");
	const outcome withdrawn = at({"wait"}, [this] { add(100, "no"); });
	EXPECT_EQ(withdrawn.status, 0);
	EXPECT_HAS(withdrawn.out, "no process offers memory any more");
}

TEST_F(waiting, is_interrupted)
{
	int status = 0;
	const std::string said =
		shell("timeout --preserve-status -s INT 1 '" + environment("KSMCTL") +
			      "' wait --sysfs " + path() + " --proc " + proc() + " 2>&1",
		      &status);

	EXPECT_EQ(status, 1);
	EXPECT_HAS(said, "stopped: 0 of 2 passes done");
}

TEST_F(waiting, merge_at_once)
{
	const outcome old = at({"merge", "100"});
	EXPECT_EQ(old.status, 1);
	EXPECT_HAS(old.err, "'ksmctl wait --pid 100' waits");

	put_file("proc/100/ksm_merge", "");
	put_file("proc/101/ksm_merge", "");
	const outcome done = at({"merge", "100"});
	EXPECT_EQ(done.status, 0) << done.err;
	EXPECT_EQ(file("proc/100/ksm_merge"), "1");
	/* What the file says, which is no more than was written here. */
	EXPECT_HAS(done.out, "freed 1 pages (");
	EXPECT_HAS(done.out, ") of x (100) in ");
	EXPECT_HAS(at({"merge", "101"}).out, "x (101) offers nothing: 'ksmctl offer 101' does it");

	const json all = json::parse(at({"merge", "--all", "--json"}).out);
	ASSERT_EQ(all["processes"].size(), 1u);
	EXPECT_EQ(all["processes"][0]["pid"], 100);
	EXPECT_EQ(all["processes"][0]["freed_pages"], 1);
}

TEST_F(waiting, merge_takes_ksm_that_runs)
{
	put_file("proc/100/ksm_merge", "");
	knob("run", "0");
	const outcome done = at({"merge", "100"});
	EXPECT_EQ(done.status, 1);
	EXPECT_HAS(done.err, "KSM is stopped: nothing can be merged");
	EXPECT_EQ(file("proc/100/ksm_merge"), "");
}

TEST_F(waiting, merge_goes_on_after_one_that_fails)
{
	put_file("proc/101/ksm_merge/is_a_directory", "");
	put_file("proc/100/ksm_merge", "");
	const outcome done = at({"merge", "101", "100", "--json"});
	const json told = json::parse(done.out)["processes"];

	EXPECT_EQ(done.status, 1);
	EXPECT_HAS(done.err, "cannot merge the memory of x (101): Is a directory");
	ASSERT_EQ(told.size(), 2u);
	EXPECT_EQ(told[0]["error"], "Is a directory");
	EXPECT_TRUE(told[1]["error"].is_null());
	EXPECT_EQ(told[1]["freed_pages"], 1);
}

TEST_F(waiting, merge_of_all_needs_rights_to_some)
{
	if (geteuid())
		GTEST_SKIP() << "takes root, to become somebody else";
	chmod(root().c_str(), 0755);
	for (const int pid : {100, 101})
		chmod(proc(std::to_string(pid) + "/ksm_stat").c_str(), 0);
	const outcome none = ksmctl({"--sysfs", path(), "--proc", proc(), "merge", "--all"},
				    {.as_nobody = true});
	EXPECT_EQ(none.status, 1);
	EXPECT_EQ(none.out, "");
	EXPECT_HAS(none.err, "no right to the memory of 2 processes");
}

TEST_F(waiting, processes_by_their_unit)
{
	for (const int pid : {100, 101})
		put_file(fmt::format("proc/{}/ksm_merge", pid), "");
	put_file("proc/101/cgroup", "0::/system.slice/other.service\n");
	const auto merged = [this](const std::string &unit) {
		const json told = json::parse(at({"merge", "--json", "--unit", unit}).out);
		std::string pids;

		for (const json &process : told["processes"])
			pids += process["pid"].dump() + " ";
		return pids;
	};

	EXPECT_EQ(merged("some"), "100 ");
	EXPECT_EQ(merged("other.service"), "101 ");
	const outcome wrong = at({"merge", "--unit", "othr"});
	EXPECT_EQ(wrong.status, 1);
	EXPECT_HAS(wrong.err, "there is no process in a unit 'othr'");
	/* Each once. */
	const json twice = json::parse(at({"merge", "--json", "--unit", "some", "100"}).out);
	EXPECT_EQ(twice["processes"].size(), 1u);
}

} /* namespace */
} /* namespace ksm */
