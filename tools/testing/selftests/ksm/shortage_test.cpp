// SPDX-License-Identifier: GPL-2.0
/* Features A4, A9: there is no memory just when KSM, or an unmerging, wants some. */
#include <cerrno>
#include <csignal>
#include <functional>
#include <memory>

#include <sys/wait.h>
#include <unistd.h>

#include "support/cgroup.h"
#include "support/child.h"
#include "support/faults.h"
#include "support/fixture.h"
#include "support/ksm_pages.h"
#include "support/limits.h"
#include "support/pagemap.h"
#include "support/passes.h"
#include "support/process.h"
#include "support/region.h"
#include "support/verdict.h"

namespace ksm
{

class shortage : public ksm_test
{
protected:
	static constexpr std::size_t pages = 2048, room = 512 * page_size;

	static std::uint64_t seed(std::size_t page) { return page % 10; }
	static void fill(const region &memory)
	{
		for (std::size_t i = 0; i < memory.pages(); i++)
			memory.fill(i, seed(i));
	}
	static void require_content(const region &memory)
	{
		for (std::size_t i = 0; i < memory.pages(); i++)
			require(memory.holds(i, seed(i)),
				"content changed in page " + std::to_string(i));
	}
	static ksm_truth truth(const child &of, std::uint64_t address)
	{
		ksm_truth result;

		result.add({of.pid(), reinterpret_cast<void *>(address), pages});
		return result;
	}
	/* All that this process has offered, and the counters are right. */
	static void expect_merged(const child &of, std::uint64_t address)
	{
		ksm_truth all;

		EXPECT_EQ(truth(of, address).total(), pages);
		all.add_process(of.pid());
		EXPECT_EQ(knob("pages_shared"), long(all.frames()));
		EXPECT_EQ(knob("pages_sharing"), long(all.extra()));
		EXPECT_EQ(merging_pages(of.pid()), long(all.total()));
	}

	/*
	 * A process whose group has room for a quarter of its pages unmerges them
	 * all: it, or the test in its stead. The rest stays merged, and with more
	 * room everything is as if nothing had been.
	 */
	using action = std::function<int(const region &)>; /* gives 0 or an errno */
	static void unmerge_in_a_full_group(const action &offer, const action &unmerge, int error,
					    bool by_the_test);
};

void shortage::unmerge_in_a_full_group(const action &offer, const action &unmerge, int error,
				       bool by_the_test)
{
	memory_group group;
	verdict told;
	child other([&](parent_link &parent) {
		parent.meet();
		region own(pages);

		fill(own);
		require(offer(own) == 0, "cannot be offered");
		parent.send(reinterpret_cast<std::uint64_t>(own.data()));
		parent.receive();
		if (!by_the_test)
			told.give(unmerge(own));
		parent.receive();
		require_content(own);
		require(vma_has_flag(own.data(), "mg"), "no longer offered");
		parent.meet();
		if (!by_the_test)
			require(unmerge(own) == 0, "a second try fails");
		parent.meet();
		require_content(own);
	});
	region nothing(1);

	other.arrived();
	group.join(other.pid());
	other.release();
	std::uint64_t address = other.receive();

	scan(3);
	expect_merged(other, address);
	group.leave_room(room);
	long killed = vmstat("oom_kill");

	other.release();
	EXPECT_EQ(by_the_test ? unmerge(nothing) : told.wait(other.pid()), error);
	EXPECT_EQ(knob("run"), 0);
	EXPECT_EQ(vmstat("oom_kill"), killed);

	ksm_truth half = truth(other, address);

	EXPECT_GT(half.total(), 0u) << "there was room enough";
	EXPECT_LT(half.total(), pages) << "there was no room at all";
	group.no_limit();
	other.release();
	other.arrived();
	scan(3);
	expect_merged(other, address);
	other.release();
	other.arrived();
	if (by_the_test) {
		EXPECT_EQ(unmerge(nothing), 0);
	}
	EXPECT_EQ(truth(other, address).total(), 0u);
	other.release();
	other.join();
	start_ksmd();
	await_nothing_tracked();
}

TEST_F(shortage, unmergeable_in_a_full_group)
{
	KSM_SKIP_IF(why_no_groups());
	unmerge_in_a_full_group(
		[](const region &own) {
			own.mergeable();
			return 0;
		},
		[](const region &own) {
			return madvise(own.data(), own.bytes(), MADV_UNMERGEABLE) ? errno : 0;
		},
		EAGAIN, false);
}

TEST_F(shortage, clearing_prctl_in_a_full_group)
{
	KSM_SKIP_IF(why_no_groups());
	unmerge_in_a_full_group([](const region &) { return try_set_merge(true); },
				[](const region &) { return try_set_merge(false); }, ENOMEM, false);
}

/* It is the group of the memory that is full, not that of who writes to run. */
TEST_F(shortage, run_2_with_a_full_group)
{
	KSM_SKIP_IF(why_no_groups());
	unmerge_in_a_full_group(
		[](const region &own) {
			own.mergeable();
			return 0;
		},
		[](const region &) { return try_knob("run", "2"); }, ENOMEM, true);
}

/* Others with the same pages do not notice that there was no room. */
TEST_F(shortage, others_beside_a_full_group)
{
	KSM_SKIP_IF(why_no_groups());
	memory_group group;
	child other([&](parent_link &parent) {
		parent.meet();
		region own(pages);

		fill(own);
		own.mergeable();
		parent.meet();
		own.unmergeable();
	});

	other.arrived();
	group.join(other.pid());
	other.release();
	other.arrived();

	region same(10); /* not before the fork, which would have shared it */

	fill(same);
	same.mergeable();
	scan(3);
	ASSERT_EQ(knob("pages_sharing"), long(pages));
	group.leave_room(room);
	other.release();
	EXPECT_NE(other.how_it_ended(), "") << "there was room enough";
	scan(3);
	EXPECT_EQ(knob("pages_shared"), merging_pages());
	EXPECT_EQ(knob("pages_sharing"), 0);
	EXPECT_EQ(counters::read().tracked(), long(same.pages()));
	require_content(same);
}

/* Feature A9: what a fork that fails had copied is counted, and uncounted. */
class failing_fork : public shortage
{
protected:
	/* A page in each page table, so that fork needs memory all the way. */
	static constexpr std::size_t tables = 192, table = huge_size / page_size;

	void prepare() override
	{
		set_knob("use_zero_pages", 1);
		before_ = knob("ksm_zero_pages");
	}
	long count() const { return knob("ksm_zero_pages") - before_; }
	static void touch(const region &memory)
	{
		for (std::size_t i = 0; i < memory.pages(); i += table) {
			memory.words(i)[0] = 1;
			memory.words(i)[0] = 0;
		}
	}
	static void require_empty(const region &memory)
	{
		for (std::size_t i = 0; i < memory.pages(); i += table)
			require(page_is_zero(memory.page(i)), "an empty page is not empty");
	}
	/* 0, or why it failed. */
	static int fork_once()
	{
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid < 0)
			return errno;
		waitpid(pid, nullptr, 0);
		return 0;
	}

private:
	long before_ = 0;
};

/* Fails on the old engine: it takes off the count what it has never put there. */
TEST_F(failing_fork, in_a_full_group)
{
	KSM_SKIP_IF(why_no_groups());
	memory_group group;
	verdict told, told_again;
	child other([&](parent_link &parent) {
		allow_to_be_killed(false);
		parent.meet();
		region own(tables * table);

		touch(own);
		own.mergeable();
		parent.send();
		parent.receive();
		told.give(fork_once());
		parent.receive();
		require_empty(own);
		require(fork_once() == 0, "fork fails with memory enough");
		parent.meet();
	});

	other.arrived();
	group.join(other.pid());
	other.release();
	other.receive();
	scan();
	ASSERT_EQ(count(), long(tables));
	group.leave_room(tables / 2 * page_size);
	other.release();
	EXPECT_EQ(told.wait(other.pid()), ENOMEM);
	EXPECT_EQ(count(), long(tables));
	EXPECT_EQ(ksm_stat("ksm_zero_pages", other.pid()), long(tables));
	group.no_limit();
	other.release();
	other.arrived();
	EXPECT_EQ(count(), long(tables));
	EXPECT_EQ(ksm_stat("ksm_zero_pages", other.pid()), long(tables));
	other.release();
	other.join();
	EXPECT_EQ(count(), 0);
}

/* Refused when all is copied: no more processes are allowed. */
TEST_F(failing_fork, too_many_processes)
{
	KSM_SKIP_IF(why_no_groups());
	memory_group group;

	if (!group.limit_tasks(1))
		GTEST_SKIP() << "no cgroup v2 controller for the number of processes";
	child other([&](parent_link &parent) {
		parent.meet();
		region own(tables * table);

		touch(own);
		own.mergeable();
		parent.meet();
		for (int i = 0; i < 5; i++)
			require(fork_once() == EAGAIN, "fork does not fail");
		require_empty(own);
		parent.meet();
	});

	other.arrived();
	group.join(other.pid());
	other.release();
	other.arrived();
	scan();
	ASSERT_EQ(count(), long(tables));
	other.release();
	other.arrived();
	EXPECT_EQ(count(), long(tables));
	EXPECT_EQ(ksm_stat("ksm_zero_pages", other.pid()), long(tables));
	other.release();
	other.join();
	EXPECT_EQ(count(), 0);
}

/*
 * Each of its allocations fails once, each time in a process of its own: when one of
 * a page fault fails while the kernel writes to user memory, the process may be ended
 * by SIGSEGV.
 */
TEST_F(failing_fork, at_each_allocation)
{
	KSM_SKIP_IF(why_no_faults());
	enum { refused = 1, happened, nothing_happened };
	region memory(8 * table);
	nth_failure keeps_the_settings;
	unsigned failed = 0;
	int status = 0;

	touch(memory);
	memory.mergeable();
	scan();
	ASSERT_EQ(count(), 8);
	for (unsigned n = 1; !WIFEXITED(status) || WEXITSTATUS(status) != nothing_happened; n++) {
		pid_t pid = fork();

		ASSERT_GE(pid, 0);
		if (pid == 0) {
			nth_failure failure;

			failure.arm(n);
			int err = fork_once();
			bool did = failure.disarm();

			_exit(err ? refused : did ? happened : nothing_happened);
		}
		waitpid(pid, &status, 0);
		ASSERT_TRUE(WIFEXITED(status) || WTERMSIG(status) == SIGSEGV) << "allocation " << n;
		failed += WIFEXITED(status) && WEXITSTATUS(status) == refused;
		ASSERT_EQ(count(), 8) << "allocation " << n;
		ASSERT_EQ(ksm_stat("ksm_zero_pages"), 8) << "allocation " << n;
	}
	EXPECT_GT(failed, 8u) << "not even the page tables could fail";
	require_empty(memory);
}

/* Each allocation of an unmerging fails once, and none of it is lost. */
TEST_F(shortage, unmergeable_at_each_allocation)
{
	KSM_SKIP_IF(why_no_faults());
	region memory(32);
	nth_failure failure;
	unsigned failed = 0;

	fill(memory);
	for (unsigned n = 1;; n++) {
		memory.mergeable();
		scan();
		ASSERT_EQ(truth_of(memory).total(), memory.pages()) << "allocation " << n;
		failure.arm(n);
		int err = madvise(memory.data(), memory.bytes(), MADV_UNMERGEABLE) ? errno : 0;
		bool happened = failure.disarm();
		std::size_t left = truth_of(memory).total();

		require_content(memory);
		if (err) {
			failed++;
			EXPECT_EQ(err, EAGAIN) << "allocation " << n;
			EXPECT_TRUE(vma_has_flag(memory.data(), "mg")) << "allocation " << n;
		} else {
			EXPECT_EQ(left, 0u) << "allocation " << n;
		}
		if (!happened)
			break;
	}
	EXPECT_GE(failed, memory.pages()) << "each page needed an allocation";
}

/* ksmd without memory for what it has to remember: later it makes up for it. */
TEST_F(shortage, ksmd_gets_no_memory)
{
	KSM_SKIP_IF(why_no_faults());
	region memory(256), changing(64);

	fill(memory);
	changing.fill_unique(100);
	memory.mergeable();
	changing.mergeable();
	for (unsigned percent : {100, 50, 20}) {
		unmerge_all(); /* so that ksmd needs memory for all of it again */
		slab_failures failures(ksmd_pid(), percent);
		long unslotted = knob("pages_unslotted");

		scan(3);
		if (percent == 100) { /* with less it may be that none fails */
			EXPECT_GT(knob("pages_unslotted"), unslotted);
			EXPECT_EQ(truth_of(memory).total(), 0u) << "no allocation failed";
		}
		changing.fill_unique(1000 * percent);
		for (std::size_t i = 0; i < memory.pages(); i += 7)
			memory.fill(i, seed(i));
		scan(3);
		require_content(memory);
		EXPECT_EQ(changing.strangers_unique(1000 * percent), 0u);

		ksm_truth truth = truth_of(memory);

		EXPECT_EQ(knob("pages_shared"), long(truth.frames()));
		EXPECT_EQ(knob("pages_sharing"), long(truth.extra()));
	}
	scan(3);

	ksm_truth truth = truth_of(memory);

	EXPECT_EQ(truth.total(), memory.pages());
	EXPECT_EQ(truth.frames(), 10u);
	EXPECT_EQ(knob("pages_shared"), long(truth.frames()));
	EXPECT_EQ(knob("pages_sharing"), long(truth.extra()));
	EXPECT_EQ(knob("pages_unshared"), long(changing.pages()));
	EXPECT_EQ(knob("pages_volatile"), 0);
	require_content(memory);
	unmerge_all();
	EXPECT_EQ(counters::read().tracked(), 0);
}

} /* namespace ksm */
