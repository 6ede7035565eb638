// SPDX-License-Identifier: GPL-2.0
/*
 * All that works on memory does so at once, beside ksmd at full speed. Each worker has to
 * make progress, pages have to hold what was written, and in the end the counters have to
 * be those of the page tables, and then nothing.
 */
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include "coexist/crew.hpp"
#include "coexist/workers.hpp"
#include "lib/sysfs.hpp"
#include "support/fixture.hpp"
#include "support/ksm_pages.hpp"
#include "support/limits.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/program.hpp"

namespace ksm
{

class coexistence : public ksm_test
{
protected:
	/* What the workers set, and the areas of swap. */
	static std::map<std::string, std::string> state_of_machine()
	{
		std::map<std::string, std::string> state;

		for (const std::string place : {"/sys/kernel/mm/transparent_hugepage/",
						"/sys/kernel/mm/transparent_hugepage/khugepaged/",
						"/sys/kernel/debug/sched/numa_balancing/"}) {
			sysfs_dir knobs(place);

			for (const std::string &name : knobs.names())
				if (knobs.writable(name))
					state[place + name] = knobs.text(name);
		}
		for (const char *file : {"/proc/sys/kernel/numa_balancing",
					 "/sys/kernel/mm/damon/admin/kdamonds/nr_kdamonds"})
			state[file] = text_if_any(file);
		/* Without how much is used. */
		std::string areas = text_if_any("/proc/swaps");

		for (std::size_t at = areas.find('\n'); at != std::string::npos;
		     at = areas.find('\n', at + 1))
			state["swap " + areas.substr(at + 1, areas.find(' ', at) - at - 1)] = "on";
		return state;
	}

	/* They hold still. What has been to swap may take some passes to be merged again. */
	static void expect_exact(const std::vector<pid_t> &processes)
	{
		/* What was written all the time is left alone for up to 16 passes. */
		set_knob("smart_scan", 0);
		scan(3);
		for (int tries = 0; tries < 5 && !is_exact(truth_of_all(processes)); tries++)
			scan(1);

		ksm_truth truth = truth_of_all(processes);

		EXPECT_GT(truth.total(), 0u);
		EXPECT_EQ(knob("pages_shared"), long(truth.frames()));
		long merging = 0;

		for (pid_t each : processes)
			merging += merging_pages(each);
		EXPECT_EQ(knob("pages_sharing"), long(truth.extra()))
			<< "the processes say that they merge " << merging << " pages, and have "
			<< truth.total();
		for (pid_t each : processes)
			EXPECT_EQ(merging_pages(each), long(truth_of_all({each}).total()));
	}

private:
	static ksm_truth truth_of_all(const std::vector<pid_t> &processes)
	{
		ksm_truth truth;

		for (pid_t each : processes)
			truth.add_process(each);
		return truth;
	}
	static bool is_exact(const ksm_truth &truth)
	{
		return knob("pages_shared") == long(truth.frames()) &&
		       knob("pages_sharing") == long(truth.extra());
	}
};

TEST_F(coexistence, all_at_once)
{
	const auto until = std::chrono::steady_clock::now() + coexistence_time();
	const auto before = state_of_machine();
	const long zero_pages = knob("ksm_zero_pages");
	std::vector<std::unique_ptr<worker>> workers;

	for (const auto &make :
	     {swapping_worker, balloon_worker, khugepaged_worker, balancing_worker,
	      compaction_worker, damon_worker, userfaultfd_worker})
		workers.push_back(make());
	{
		crew all(std::move(workers));

		set_knob("use_zero_pages", 1);
		all.start();
		start_ksmd();
		do {
			long scans = knob("full_scans");

			all.await_enough();
			await_that([&] { return knob("full_scans") > scans; }, "a pass of ksmd");
			/* Who makes progress does not hang. */
			alarm(unsigned(test_time_limit().count()));
		} while (std::chrono::steady_clock::now() < until);
		stop_ksmd();
		all.stop();
		expect_exact(all.pids());
		start_ksmd();
		all.leave();
	}
	await_nothing_tracked();
	stop_ksmd();
	expect_nothing_counted();
	EXPECT_EQ(knob("ksm_zero_pages"), zero_pages);
	EXPECT_EQ(state_of_machine(), before);
}

} /* namespace ksm */
