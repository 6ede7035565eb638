// SPDX-License-Identifier: GPL-2.0
/* Memory of another process is offered to KSM, taken back, and merged at once. */
#include <cerrno>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/sysfs.hpp"
#include "support/cgroup.hpp"
#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/ksm_pages.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/program.hpp"
#include "support/region.hpp"

namespace ksm
{

namespace
{

/* process_madvise() of a range of another process: 0 or an errno. */
int advise(pid_t pid, std::uint64_t address, std::size_t bytes, int advice)
{
	iovec range = {reinterpret_cast<void *>(address), bytes};
	int pidfd = int(syscall(SYS_pidfd_open, pid, 0));

	require(pidfd >= 0, "pidfd_open");
	long done = syscall(SYS_process_madvise, pidfd, &range, 1, advice, 0);
	int error = done < 0 ? errno : 0;

	close(pidfd);
	EXPECT_TRUE(error || done == long(bytes)) << done;
	return error;
}

std::string merge_file(pid_t pid)
{
	return "/proc/" + std::to_string(pid) + "/ksm_merge";
}

} /* namespace */

class offer : public ksm_test
{
protected:
	static constexpr std::size_t pages = 200;

	/* Knows nothing of KSM; its pages are equal to each other. */
	static child::body innocent()
	{
		return [](parent_link &parent) {
			region memory(pages);

			memory.fill_all(1);
			parent.reach("filled", memory.data());
			require(memory.strangers(1) == 0, "content changed");
		};
	}
	/* The same, and offers it. */
	static child::body willing(std::uint64_t seed)
	{
		return [seed](parent_link &parent) {
			region memory(pages);

			memory.fill_all(seed);
			memory.mergeable();
			parent.reach("filled", memory.data());
			require(memory.strangers(seed) == 0, "content changed");
		};
	}
	/* Has its own memory merged, so many times, as a user without rights. */
	static child::body self_merging(std::uint64_t seed, long times)
	{
		return [=](parent_link &parent) {
			require(!setresgid(1000, 1000, 1000) && !setresuid(1000, 1000, 1000) &&
					!prctl(PR_SET_DUMPABLE, 1),
				"setresuid");
			region memory(pages);

			memory.fill_all(seed);
			memory.mergeable();
			int error = 0;

			for (long i = 0; i < times; i++) {
				error = write_text("/proc/self/ksm_merge", "1");
				require(!error || error == EOPNOTSUPP,
					"error " + std::to_string(error));
			}
			parent.reach("merged", std::uint64_t(error));
			require(memory.strangers(seed) == 0, "content changed");
		};
	}
	/* As somebody who has no rights: gives what that gives, an errno. */
	template <class function> static int without_rights(function what)
	{
		int result = -1;
		child other([&](parent_link &parent) {
			require(!setresgid(1000, 1000, 1000) && !setresuid(1000, 1000, 1000),
				"setresuid");
			parent.tell("done", std::uint64_t(what()));
		});

		result = int(other.await("done"));
		other.join();
		return result;
	}
};

TEST_F(offer, memory_of_another_is_merged_and_unmerged)
{
	child other(innocent());
	std::uint64_t address = other.await("filled");
	page_range memory(address, pages, other.pid());

	ASSERT_EQ(advise(other.pid(), address, pages * page_size, MADV_MERGEABLE), 0);
	scan(2);
	EXPECT_EQ(merging_pages(other.pid()), long(pages));
	EXPECT_EQ(smaps_ksm_pages(other.pid()), long(pages));
	ASSERT_EQ(advise(other.pid(), address, pages * page_size, MADV_UNMERGEABLE), 0);
	EXPECT_EQ(smaps_ksm_pages(other.pid()), 0);
	other.go_on("filled");
	other.join();
}

TEST_F(offer, how_much_is_offered_is_told)
{
	KSM_SKIP_IF(why_no_knob("pages_offered"));
	long before = knob("pages_offered");
	child other(innocent());
	std::uint64_t address = other.await("filled");

	EXPECT_EQ(knob("pages_offered"), before);
	/* Two VMAs of one process, before ksmd has ever come by, and a hole between them. */
	ASSERT_EQ(advise(other.pid(), address, 50 * page_size, MADV_MERGEABLE), 0);
	ASSERT_EQ(advise(other.pid(), address + 60 * page_size, 40 * page_size, MADV_MERGEABLE), 0);
	EXPECT_EQ(knob("pages_offered"), before + 90);
	{
		region own(30);

		own.mergeable();
		EXPECT_EQ(knob("pages_offered"), before + 120);
	}
	EXPECT_EQ(knob("pages_offered"), before + 90);
	ASSERT_EQ(advise(other.pid(), address, 50 * page_size, MADV_UNMERGEABLE), 0);
	EXPECT_EQ(knob("pages_offered"), before + 40);
	other.go_on("filled");
	other.join();
	EXPECT_EQ(knob("pages_offered"), before);
}

TEST_F(offer, only_with_the_rights_for_other_advices)
{
	child other(innocent());
	std::uint64_t address = other.await("filled");

	EXPECT_EQ(without_rights(
			  [&] { return advise(other.pid(), address, page_size, MADV_MERGEABLE); }),
		  EACCES);
	EXPECT_EQ(advise(other.pid(), address, page_size, MADV_DONTNEED), EINVAL);
	other.go_on("filled");
	other.join();
}

TEST_F(offer, a_process_is_merged_at_once)
{
	child one(willing(1)), two(willing(1));

	one.await("filled");
	two.await("filled");
	/* What its own pass merges meanwhile would not count. */
	set_knob("sleep_millisecs", 3600000);
	start_ksmd_for(1);
	await_that([] { return ksmd_asleep(); }, "ksmd to sleep");
	ASSERT_EQ(write_text(merge_file(one.pid()), "1"), 0);
	EXPECT_EQ(merging_pages(one.pid()), long(pages));
	EXPECT_EQ(std::stol(read_text(merge_file(one.pid()))), long(pages) - 1);
	ASSERT_EQ(write_text(merge_file(two.pid()), "1"), 0);
	/* With max_page_sharing mappings the first is full. */
	EXPECT_EQ(std::stol(read_text(merge_file(two.pid()))), long(pages) - 1);
	EXPECT_EQ(merging_pages(two.pid()), long(pages));
	one.go_on("filled");
	two.go_on("filled");
	one.join();
	two.join();
}

/* ksmd has not come by yet, so nobody has looked which domain they are in. */
TEST_F(offer, no_process_is_merged_at_once_with_another_domain)
{
	KSM_SKIP_IF(why_no_domains());
	memory_group a("a"), b("b");
	child one(willing(1)), two(willing(1)), three(willing(1));

	ASSERT_EQ(a.set_domain("1"), 0);
	ASSERT_EQ(b.set_domain("2"), 0);
	for (child *each : {&one, &two, &three})
		each->await("filled");
	a.join(one.pid());
	b.join(two.pid());
	set_knob("sleep_millisecs", 3600000);
	set_knob("pages_to_scan", 0L);
	start_ksmd();
	for (child *each : {&one, &two, &three}) {
		ASSERT_EQ(write_text(merge_file(each->pid()), "1"), 0);
		EXPECT_EQ(merging_pages(each->pid()), long(pages));
	}
	/* One of each: 200 pages fit on a KSM page. */
	EXPECT_EQ(knob("pages_shared"), 3);
	EXPECT_EQ(knob("pages_sharing"), 3 * (long(pages) - 1));
	for (child *each : {&one, &two, &three}) {
		each->go_on("filled");
		each->join();
	}
}

TEST_F(offer, nothing_is_merged_at_once_while_ksm_is_stopped)
{
	child one(willing(1));

	one.await("filled");
	EXPECT_EQ(write_text(merge_file(one.pid()), "1"), EOPNOTSUPP);
	EXPECT_EQ(merging_pages(one.pid()), 0);
	one.go_on("filled");
	one.join();
}

TEST_F(offer, many_have_themselves_merged_at_once)
{
	std::vector<std::unique_ptr<child>> all;

	set_knob("sleep_millisecs", 3600000);
	start_ksmd();
	for (std::uint64_t i = 0; i < 8; i++)
		all.push_back(std::make_unique<child>(self_merging(i, 1)));
	for (auto &each : all)
		EXPECT_EQ(each->await("merged"), 0u);
	for (auto &each : all)
		EXPECT_EQ(merging_pages(each->pid()), long(pages));
	for (auto &each : all) {
		each->go_on("merged");
		each->join();
	}
}

/* With requests that are given up, fail, or lose their process at any moment. */
TEST_F(offer, requests_beside_exits_and_stops)
{
	std::vector<std::unique_ptr<child>> all;

	set_knob("sleep_millisecs", 0);
	for (std::uint64_t i = 0; i < 8; i++)
		all.push_back(std::make_unique<child>(self_merging(1, 1000000)));
	for (int i = 0; i < 20; i++) {
		start_ksmd();
		usleep(20000);
		set_knob("run", i % 5 ? 0 : 2);
		if (i % 4 == 3) {
			all.back()->kill();
			all.pop_back();
		}
	}
	for (auto &each : all)
		each->kill();
}

TEST_F(offer, merging_at_once_takes_no_nonsense)
{
	child one(willing(1)), none(innocent());

	one.await("filled");
	none.await("filled");
	start_ksmd();
	for (const char *bad : {"0", "2", "-1", "x"})
		EXPECT_NE(write_text(merge_file(one.pid()), bad), 0) << bad;
	EXPECT_EQ(without_rights([&] { return write_text(merge_file(one.pid()), "1"); }), EACCES);
	/* Nothing is offered. */
	EXPECT_EQ(write_text(merge_file(none.pid()), "1"), 0);
	EXPECT_EQ(read_text(merge_file(none.pid())), "0");
	one.go_on("filled");
	none.go_on("filled");
	one.join();
	none.join();
}

} /* namespace ksm */
