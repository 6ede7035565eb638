// SPDX-License-Identifier: GPL-2.0
/* There is no memory just when KSM, or an unmerging, wants some. */
#include <cerrno>
#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

#include "support/cgroup.hpp"
#include "support/child.hpp"
#include "support/faults.hpp"
#include "support/fixture.hpp"
#include "support/ksm_pages.hpp"
#include "support/limits.hpp"
#include "support/pagemap.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"
#include "support/verdict.hpp"

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
	/* All that this process has offered, and the counters are right. */
	static void expect_merged(const page_range &memory)
	{
		ksm_truth all;

		EXPECT_EQ(truth_of(memory).total(), pages);
		all.add_process(memory.pid());
		EXPECT_EQ(knob("pages_shared"), long(all.frames()));
		EXPECT_EQ(knob("pages_sharing"), long(all.extra()));
		EXPECT_EQ(merging_pages(memory.pid()), long(all.total()));
	}
	/* These give 0 or an errno. */
	static int offer(const region &own)
	{
		return madvise(own.data(), own.bytes(), MADV_MERGEABLE) ? errno : 0;
	}
	static int take_back(const region &own)
	{
		return madvise(own.data(), own.bytes(), MADV_UNMERGEABLE) ? errno : 0;
	}
};

/* How memory is offered and unmerged: by its process, or by the test in its stead. */
struct way_to_unmerge {
	const char *name;
	int (*offer)(const region &own);
	int (*unmerge)(const region &own);
	int error; /* where there is no room */
	bool by_the_test;
};

class unmerging : public shortage, public testing::WithParamInterface<way_to_unmerge>
{
public:
	static constexpr way_to_unmerge ways[] = {
		{"unmergeable", offer, take_back, EAGAIN, false},
		{"clearing_prctl", [](const region &) { return try_set_merge(true); },
		 [](const region &) { return try_set_merge(false); }, ENOMEM, false},
		/* It is the group of the memory that is full, not that of who writes to run. */
		{"run_2", offer, [](const region &) { return try_knob("run", "2"); }, ENOMEM, true},
	};
};

/*
 * The process's group has room for a quarter of its pages. The rest stays merged, and
 * with more room everything is as if nothing had been.
 */
TEST_P(unmerging, in_a_full_group)
{
	KSM_SKIP_IF(why_no_groups());
	const way_to_unmerge &way = GetParam();
	memory_group group;
	verdict told;
	child other([&](parent_link &parent) {
		parent.reach("started");
		region own(pages);

		fill(own);
		require(way.offer(own) == 0, "cannot be offered");
		parent.reach("offered", own.data());
		if (!way.by_the_test)
			told.give(way.unmerge(own));
		parent.await("refused");
		require_content(own);
		require(vma_has_flag(own.data(), "mg"), "no longer offered");
		parent.reach("unharmed");
		if (!way.by_the_test)
			require(way.unmerge(own) == 0, "a second try fails");
		parent.reach("unmerged");
		require_content(own);
	});
	region nothing(1);

	group.take_in(other);
	page_range memory(other.pid(), other.await("offered"), pages);

	scan(3);
	expect_merged(memory);
	group.leave_room(room);
	long killed = vmstat("oom_kill");

	other.go_on("offered");
	EXPECT_EQ(way.by_the_test ? way.unmerge(nothing) : told.wait(other.pid()), way.error);
	EXPECT_EQ(knob("run"), 0);
	EXPECT_EQ(vmstat("oom_kill"), killed);

	ksm_truth half = truth_of(memory);

	EXPECT_GT(half.total(), 0u) << "there was room enough";
	EXPECT_LT(half.total(), pages) << "there was no room at all";
	group.no_limit();
	other.go_on("refused");
	other.await("unharmed");
	scan(3);
	expect_merged(memory);
	other.go_on("unharmed");
	other.await("unmerged");
	if (way.by_the_test) {
		EXPECT_EQ(way.unmerge(nothing), 0);
	}
	EXPECT_EQ(truth_of(memory).total(), 0u);
	other.go_on("unmerged");
	other.join();
	start_ksmd();
	await_nothing_tracked();
}

INSTANTIATE_TEST_SUITE_P(shortage, unmerging, testing::ValuesIn(unmerging::ways),
			 [](const auto &each) { return each.param.name; });

/* Others with the same pages do not notice that there was no room. */
TEST_F(shortage, others_beside_a_full_group)
{
	KSM_SKIP_IF(why_no_groups());
	memory_group group;
	child other([&](parent_link &parent) {
		parent.reach("started");
		region own(pages);

		fill(own);
		own.mergeable();
		parent.reach("offered");
		own.unmergeable();
	});

	group.take_in(other);
	other.await("offered");

	region same(10); /* not before the fork, which would have shared it */

	fill(same);
	same.mergeable();
	scan(3);
	ASSERT_EQ(knob("pages_sharing"), long(pages));
	group.leave_room(room);
	other.go_on("offered");
	EXPECT_NE(other.how_it_ended(), "") << "there was room enough";
	scan(3);
	EXPECT_EQ(knob("pages_shared"), merging_pages());
	EXPECT_EQ(knob("pages_sharing"), 0);
	EXPECT_EQ(counters::read().tracked(), long(same.pages()));
	require_content(same);
}

/* What a fork that fails had copied is counted, and uncounted. */
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
	void expect_counted(const child &other) const
	{
		EXPECT_EQ(count(), long(tables));
		EXPECT_EQ(ksm_stat("ksm_zero_pages", other.pid()), long(tables));
	}
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

/* Why a fork fails, and how often it is tried. */
struct obstacle {
	const char *name;
	int error;
	int tries;
	bool (*put_up)(const memory_group &group, std::size_t tables);
	void (*take_away)(const memory_group &group);
};

constexpr obstacle obstacles[] = {
	{"in_a_full_group", ENOMEM, 1,
	 [](const memory_group &group, std::size_t tables) {
		 group.leave_room(tables / 8 * page_size);
		 return true;
	 },
	 [](const memory_group &group) { group.no_limit(); }},
	/* Refused when all is copied. */
	{"with_too_many_processes", EAGAIN, 5,
	 [](const memory_group &group, std::size_t) { return group.limit_tasks(1); },
	 [](const memory_group &group) { group.limit_tasks(100); }},
};

class refused_fork : public failing_fork, public testing::WithParamInterface<obstacle>
{
};

/* Fails on the old engine: it takes off the count what it has never put there. */
TEST_P(refused_fork, is_not_counted)
{
	KSM_SKIP_IF(why_no_groups());
	const obstacle &its = GetParam();
	memory_group group;
	verdict told;
	child other([&](parent_link &parent) {
		int err = its.error;

		allow_to_be_killed(false);
		parent.reach("started");
		region own(tables * table);

		touch(own);
		own.mergeable();
		parent.reach("offered");
		for (int i = 0; i < its.tries && err == its.error; i++)
			err = fork_once();
		told.give(err);
		parent.await("refused");
		require_empty(own);
		require(fork_once() == 0, "fork fails with nothing in its way");
		parent.reach("forked");
	});

	group.take_in(other);
	other.await("offered");
	scan();
	ASSERT_EQ(count(), long(tables));
	if (!its.put_up(group, tables))
		GTEST_SKIP() << "no cgroup v2 controller for the number of processes";
	other.go_on("offered");
	EXPECT_EQ(told.wait(other.pid()), its.error);
	expect_counted(other);
	its.take_away(group);
	other.go_on("refused");
	other.await("forked");
	expect_counted(other);
	other.go_on("forked");
	other.join();
	EXPECT_EQ(count(), 0);
}

INSTANTIATE_TEST_SUITE_P(shortage, refused_fork, testing::ValuesIn(obstacles),
			 [](const auto &each) { return each.param.name; });

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
		int err = take_back(memory);
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
