// SPDX-License-Identifier: GPL-2.0
/* The tracepoints exist, and tell what happens. */
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/guest_pairs.hpp"
#include "support/ksm_pages.hpp"
#include "support/pagemap.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"
#include "support/thp.hpp"
#include "support/vm.hpp"

namespace ksm
{

class trace : public ksm_test
{
protected:
	void prepare() override
	{
		for (const char *place : {"/sys/kernel/tracing/", "/sys/kernel/debug/tracing/"})
			if (directory_.empty() &&
			    access((std::string(place) + "events/ksm").c_str(), F_OK) == 0)
				directory_ = place;
		if (directory_.empty())
			GTEST_SKIP() << "no tracefs with events/ksm";
		write_text(directory_ + "trace", " ");
		ASSERT_EQ(write_text(directory_ + "events/ksm/enable", "1"), 0);
		write_text(directory_ + "tracing_on", "1");
	}
	void TearDown() override
	{
		if (!directory_.empty()) {
			write_text(directory_ + "events/ksm/enable", "0");
			write_text(directory_ + "trace", " ");
		}
		ksm_test::TearDown();
	}

	std::size_t seen(const std::string &event) const
	{
		std::string text = read_text(directory_ + "trace");
		std::size_t count = 0;

		for (std::size_t at = text.find(" " + event + ": "); at != std::string::npos;
		     at = text.find(" " + event + ": ", at + 1))
			count++;
		return count;
	}
	std::string directory_;
};

TEST_F(trace, all_events_exist)
{
	for (const char *event : {"ksm_start_scan", "ksm_stop_scan", "ksm_enter", "ksm_exit",
				  "ksm_merge_one_page", "ksm_merge_with_ksm_page",
				  "ksm_remove_ksm_page", "ksm_remove_rmap_item", "ksm_advisor"})
		EXPECT_EQ(access((directory_ + "events/ksm/" + event).c_str(), F_OK), 0) << event;
}

TEST_F(trace, passes)
{
	region memory(4);
	stepper ksmd;

	memory.fill_unique(1);
	memory.mergeable();
	for (int i = 0; i < 3; i++)
		ksmd.pass();
	EXPECT_EQ(seen("ksm_start_scan"), 3u);
	EXPECT_EQ(seen("ksm_stop_scan"), 3u);
}

TEST_F(trace, merges)
{
	region memory(8);

	memory.fill_all(1);
	memory.mergeable();
	scan();
	ASSERT_EQ(truth_of(memory).total(), memory.pages());
	/* The first two may be told as one merge, or as two. */
	EXPECT_GE(seen("ksm_merge_with_ksm_page"), memory.pages() - 1);
	EXPECT_EQ(seen("ksm_merge_one_page"), 0u);
}

TEST_F(trace, zero_pages)
{
	region memory(8);

	memory.fill_empty();
	set_knob("use_zero_pages", 1);
	memory.mergeable();
	scan();
	EXPECT_EQ(seen("ksm_merge_one_page"), memory.pages());
}

/* Fails on the old kernel, which has no such event. */
TEST_F(trace, splits)
{
	region huge(huge_size / page_size, region::pages_are::huge), small(1);

	huge.fill_unique(1000);
	huge.fill(7, 1);
	small.fill(0, 1);
	if (!page_flag(pagemap_of(huge.page(7)).pfn(), kpf_thp))
		GTEST_SKIP() << "no huge page to be had";
	huge.mergeable();
	small.mergeable();
	scan();
	ASSERT_EQ(pagemap_of(huge.page(7)).pfn(), pagemap_of(small.page(0)).pfn());
	EXPECT_EQ(seen("ksm_split_folio"), 1u);
}

TEST_F(trace, processes_that_change_their_domain)
{
	std::size_t before = seen("ksm_change_domain");
	child other([](parent_link &parent) {
		region own(4);

		require(try_set_merge_in_new_domain() == 0, "no domain of its own");
		own.fill_unique(1);
		parent.reach("offered");
	});

	other.await("offered");
	EXPECT_EQ(seen("ksm_change_domain"), before) << "ksmd has not come by";
	scan();
	EXPECT_EQ(seen("ksm_change_domain"), before + 1);
}

/* Or it would use up the turns of others, as there may be much to leave behind. */
TEST_F(trace, a_process_changes_its_domain_once_in_a_pass)
{
	child other([](parent_link &parent) {
		region own(4096);

		own.fill_unique(1);
		own.mergeable();
		parent.tell("offered");
		for (;;)
			require(try_set_merge_in_new_domain() == 0, "no domain of its own");
	});

	other.await("offered");
	/* Many batches to a pass. */
	set_knob("pages_to_scan", 10);
	std::size_t before = seen("ksm_change_domain"), passes = seen("ksm_start_scan");
	scan(4);
	std::size_t changes = seen("ksm_change_domain") - before;
	passes = seen("ksm_start_scan") - passes;
	EXPECT_GE(changes, 3u);
	EXPECT_LE(changes, passes + 1) << "one of them may have begun before";
	other.kill();
}

TEST_F(trace, processes_that_come_and_go)
{
	std::size_t entered = seen("ksm_enter");

	child other([](parent_link &parent) {
		region own(4);

		own.fill_unique(1);
		own.mergeable();
		parent.reach("offered");
	});

	other.await("offered");
	EXPECT_EQ(seen("ksm_enter"), entered + 1);
	std::size_t left = seen("ksm_exit");

	other.go_on("offered");
	other.join();
	EXPECT_EQ(seen("ksm_exit"), left + 1);
}

TEST_F(trace, what_goes_away)
{
	region anchor(2);

	anchor.fill_unique(10);
	anchor.mergeable();
	{
		region memory(8);

		memory.fill_all(2);
		memory.mergeable();
		scan(3);
		ASSERT_EQ(truth_of(memory).total(), memory.pages());
	}
	scan(3);
	/* One mapping of a frame is told as the end of the frame itself. */
	EXPECT_GE(seen("ksm_remove_rmap_item"), 7u);
	EXPECT_GE(seen("ksm_remove_ksm_page"), 1u);
}

TEST_F(trace, advisor)
{
	region memory(4);

	memory.fill_unique(3);
	memory.mergeable();
	set_knob("advisor_mode", "scan-time");
	scan(3);
	EXPECT_GE(seen("ksm_advisor"), 1u);
}

/*
 * Fails on the old kernel, whose ksmd takes mmap_lock for every page. Wants a kernel
 * with per-VMA locks, as SMP ones have them.
 */
TEST_F(trace, ksmd_takes_no_mmap_lock)
{
	const std::string locks = directory_ + "events/mmap_lock/";
	const std::string filter = "common_pid == " + std::to_string(ksmd_pid()) +
				   " || common_pid == " + std::to_string(getpid());
	auto taken_by = [&](const std::string &thread) {
		std::istringstream text(read_text(directory_ + "trace"));
		std::string line;
		std::size_t count = 0;

		while (std::getline(text, line))
			count += line.find(thread) != std::string::npos &&
				 line.find(": mm=") != std::string::npos;
		return count;
	};

	if (access(locks.c_str(), F_OK))
		GTEST_SKIP() << "no events of mmap_lock";
	region memory(256);

	for (std::size_t i = 0; i < memory.pages(); i++)
		memory.fill(i, i / 2);
	memory.mergeable();
	scan(3);
	write_text(directory_ + "trace", " ");
	ASSERT_EQ(write_text(locks + "filter", filter), 0);
	ASSERT_EQ(write_text(locks + "enable", "1"), 0);
	memory.advise(MADV_NORMAL); /* takes it, to see that this would be seen */
	scan(5);
	write_text(locks + "enable", "0");
	write_text(locks + "filter", "0");
	EXPECT_GT(taken_by("-" + std::to_string(getpid()) + " "), 0u);
	EXPECT_EQ(taken_by("ksmd-" + std::to_string(ksmd_pid()) + " "), 0u);
}

/*
 * ksmd asks KVM once for all that a page table maps, and lets vCPUs fault meanwhile: it takes
 * mmu_lock that often, and for read. Wants a kernel whose locks are traced.
 */
TEST_F(trace, ksmd_takes_mmu_lock_once_for_a_page_table)
{
	KSM_SKIP_IF(why_no_vm());
	if (!vm_writes_set_dirty_bits())
		GTEST_SKIP() << "KVM maps guests' memory without dirty bits";
	const std::string locks = directory_ + "events/lock/lock_acquire/";
	const std::string filter =
		"common_pid == " + std::to_string(ksmd_pid()) + " && name ~ \"*mmu_lock*\"";

	if (access(locks.c_str(), F_OK))
		GTEST_SKIP() << "no event of locks that are taken";
	/* After the name of the event there is the lock's address. */
	auto of_readers = [this] {
		std::istringstream text(read_text(directory_ + "trace"));
		std::string line;
		std::size_t count = 0;

		while (std::getline(text, line))
			count += line.find(" lock_acquire: ") != std::string::npos &&
				 line.find(" read ") != std::string::npos;
		return count;
	};
	constexpr unsigned passes = 4, most_tables = 5;
	region memory((most_tables - 1) * pages_per_huge);
	vm guest(memory);
	stepper ksmd;

	memory.fill_unique(1);
	memory.mergeable();
	guest.write(vm::memory_address, std::uint32_t(memory.pages()), page_size, 0);
	guest_pairs::settle(ksmd);
	write_text(directory_ + "trace", " ");
	ASSERT_EQ(write_text(locks + "filter", filter), 0);
	ASSERT_EQ(write_text(locks + "enable", "1"), 0);
	for (unsigned pass = 0; pass < passes; pass++)
		ksmd.pass();
	write_text(locks + "enable", "0");
	write_text(locks + "filter", "0");
	/* Wherever the memory begins in a table. */
	EXPECT_GE(seen("lock_acquire"), passes * (most_tables - 1));
	EXPECT_LE(seen("lock_acquire"), passes * most_tables);
	EXPECT_EQ(seen("lock_acquire"), of_readers()) << read_text(directory_ + "trace");
}

/*
 * ksmd may visit a child as soon as it is registered: by then its parent's TLB must be
 * flushed of entries by which the parent's threads could still write to their pages.
 */
TEST_F(trace, a_child_comes_after_its_parent_is_flushed)
{
	const std::string flushes = directory_ + "events/tlb/tlb_flush/";
	auto line_of = [this](const std::string &thread, const std::string &event) {
		std::istringstream text(read_text(directory_ + "trace"));
		std::string line;

		for (int number = 1; std::getline(text, line); number++)
			if (line.find(thread) != std::string::npos &&
			    line.find(event) != std::string::npos)
				return number;
		return 0;
	};

	if (access(flushes.c_str(), F_OK))
		GTEST_SKIP() << "no event of TLB flushes";
	child other([](parent_link &parent) {
		region own(16);

		own.fill_unique(1);
		own.mergeable();
		parent.reach("offered");
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		require(pid > 0 && waitpid(pid, nullptr, 0) == pid, "cannot fork");
		parent.reach("forked");
	});
	const std::string thread = "-" + std::to_string(other.pid()) + " ";

	other.await("offered");
	ASSERT_EQ(write_text(flushes + "filter", "common_pid == " + std::to_string(other.pid())),
		  0);
	write_text(directory_ + "trace", " ");
	ASSERT_EQ(write_text(flushes + "enable", "1"), 0);
	other.go_on("offered");
	other.await("forked");
	write_text(flushes + "enable", "0");
	write_text(flushes + "filter", "0");
	int flushed = line_of(thread, "pages:-1 reason:local mm shootdown");
	int registered = line_of(thread, "ksm_enter: ");

	ASSERT_GT(flushed, 0) << read_text(directory_ + "trace");
	ASSERT_GT(registered, 0);
	EXPECT_LT(flushed, registered) << read_text(directory_ + "trace");
	other.go_on("forked");
}

} /* namespace ksm */
