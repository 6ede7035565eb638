// SPDX-License-Identifier: GPL-2.0
/* merge_across_nodes. Needs two nodes with memory. */
#include <atomic>
#include <cerrno>
#include <chrono>
#include <string>
#include <thread>

#include <sys/syscall.h>
#include <unistd.h>

#include "support/balancing.hpp"
#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/ksm_pages.hpp"
#include "support/limits.hpp"
#include "support/pagemap.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"

namespace ksm
{

namespace
{

constexpr const char *knob_of_balancing = "/proc/sys/kernel/numa_balancing";

} /* namespace */

class numa : public ksm_test
{
protected:
	void prepare() override
	{
		if (!has_knob("merge_across_nodes"))
			GTEST_SKIP() << "this kernel has no CONFIG_NUMA";
		KSM_SKIP_IF(why_not_two_nodes());
	}

	/* Memory that comes from this node only; what is there already is migrated. */
	static void bind(const region &memory, int node)
	{
		constexpr int mpol_bind = 2, mpol_mf_move = 2;
		unsigned long mask = 1UL << node;

		if (syscall(SYS_mbind, memory.data(), memory.bytes(), mpol_bind, &mask,
			    8 * sizeof(mask), mpol_mf_move))
			throw std::system_error(errno, std::generic_category(), "mbind");
	}
	class node_region;
	static bool all_on(const region &memory, int node)
	{
		for (std::size_t i = 0; i < memory.pages(); i++)
			if (node_of(memory.page(i)) != node)
				return false;
		return true;
	}
};

/* Memory that comes from one node only. */
class numa::node_region : public region
{
public:
	node_region(std::size_t pages, int node) : region(pages) { bind(*this, node); }
};

TEST_F(numa, across_nodes_by_default)
{
	node_region near(16, 0), far(16, 1);

	near.fill_all(1);
	far.fill_all(1);
	ASSERT_TRUE(all_on(near, 0) && all_on(far, 1));
	near.mergeable();
	far.mergeable();
	scan(3);

	ksm_truth both = truth_of(near);

	both.add(far);
	EXPECT_EQ(both.total(), 32u);
	EXPECT_EQ(both.frames(), 1u);
}

TEST_F(numa, never_across_nodes_when_told_so)
{
	set_knob("merge_across_nodes", 0L);
	node_region near(16, 0), far(16, 1);

	near.fill_all(2);
	far.fill_all(2);
	near.mergeable();
	far.mergeable();
	scan(4);

	EXPECT_EQ(truth_of(near).frames(), 1u);
	EXPECT_EQ(truth_of(near).total(), 16u);
	EXPECT_EQ(truth_of(far).frames(), 1u);
	EXPECT_EQ(truth_of(far).total(), 16u);
	EXPECT_NE(pagemap_of(near.data()).pfn(), pagemap_of(far.data()).pfn());
	EXPECT_TRUE(all_on(near, 0)) << "a merge has moved a page to another node";
	EXPECT_TRUE(all_on(far, 1)) << "a merge has moved a page to another node";
	EXPECT_EQ(knob("pages_shared"), 2);
	EXPECT_EQ(knob("pages_sharing"), 30);
	EXPECT_EQ(near.strangers(2) + far.strangers(2), 0u);
}

/* One page of each content on each node: nothing to be merged at all. */
TEST_F(numa, pairs_split_over_nodes_stay_apart)
{
	set_knob("merge_across_nodes", 0L);
	node_region near(64, 0), far(64, 1);

	near.fill_unique(100);
	far.fill_unique(100);
	near.mergeable();
	far.mergeable();
	scan(4);
	EXPECT_EQ(truth_of(near).total() + truth_of(far).total(), 0u);
	EXPECT_EQ(knob("pages_unshared"), 128);

	/* The knob is free while nothing is merged, and the pairs then merge. */
	set_knob("merge_across_nodes", 1);
	scan(4);
	EXPECT_EQ(truth_of(near).total() + truth_of(far).total(), 128u);
	EXPECT_EQ(knob("pages_shared"), 64);
}

/* Pages that have been looked up on one node, and then migrate to where their like are. */
TEST_F(numa, migrated_pages_meet_their_like)
{
	set_knob("merge_across_nodes", 0L);
	node_region movable(16, 0), far(16, 1);

	movable.fill_unique(300);
	movable.mergeable();
	scan(3);
	EXPECT_EQ(knob("pages_unshared"), 16);
	bind(movable, 1);
	ASSERT_TRUE(all_on(movable, 1));
	far.fill_unique(300);
	far.mergeable();
	/* They seem unchanged, and are read again after 256 visits at the latest. */
	scan(300);
	EXPECT_EQ(truth_of(movable).total() + truth_of(far).total(), 32u);
	EXPECT_EQ(knob("pages_shared"), 16);
}

TEST_F(numa, processes_on_different_nodes)
{
	set_knob("merge_across_nodes", 0L);
	auto run_on = [](int node) {
		return [node](parent_link &parent) {
			node_region own(16, node);

			own.fill_all(3);
			own.mergeable();
			parent.reach("offered");
			require(all_on(own, node), "a page has moved to another node");
			require(own.strangers(3) == 0, "content changed");
		};
	};
	child a(run_on(0)), b(run_on(1)), c(run_on(0));

	for (child *each : {&a, &b, &c})
		each->await("offered");
	scan(4);

	ksm_truth near, far;

	near.add_process(a.pid());
	near.add_process(c.pid());
	far.add_process(b.pid());
	EXPECT_EQ(near.total(), 32u);
	EXPECT_EQ(near.frames(), 1u);
	EXPECT_EQ(far.total(), 16u);
	EXPECT_EQ(far.frames(), 1u);
	for (child *each : {&a, &b, &c})
		each->go_on("offered");
}

TEST_F(numa, knob_is_fixed_while_pages_are_merged)
{
	region memory(4);

	memory.fill_all(4);
	memory.mergeable();
	scan(3);
	ASSERT_EQ(knob("pages_shared"), 1);
	EXPECT_EQ(try_knob("merge_across_nodes", "0"), EBUSY);
	EXPECT_EQ(knob("merge_across_nodes"), 1);
	EXPECT_EQ(try_knob("merge_across_nodes", "1"), 0) << "no change, no error";
	unmerge_all();
	EXPECT_EQ(try_knob("merge_across_nodes", "0"), 0);
	EXPECT_EQ(knob("merge_across_nodes"), 0);
	scan(3);
	EXPECT_EQ(try_knob("merge_across_nodes", "1"), EBUSY);
}

/* A chain of duplicates is per node, too. */
TEST_F(numa, chains_of_each_node)
{
	set_knob("merge_across_nodes", 0L);
	set_knob("max_page_sharing", 4);
	node_region near(12, 0), far(8, 1);

	near.fill_all(5);
	far.fill_all(5);
	near.mergeable();
	far.mergeable();
	scan(4);
	EXPECT_EQ(truth_of(near).frames(), 3u);
	EXPECT_EQ(truth_of(far).frames(), 2u);
	EXPECT_LE(truth_of(near).most(), 4u);
	EXPECT_LE(truth_of(far).most(), 4u);
	EXPECT_EQ(knob("stable_node_chains"), 2);
	EXPECT_EQ(knob("stable_node_dups"), 5);
	EXPECT_TRUE(all_on(near, 0) && all_on(far, 1));
}

/*
 * NUMA balancing makes PTEs inaccessible and moves what is then touched, while ksmd
 * merges it and writers break it up again.
 */
TEST_F(numa, balancing_while_ksmd_runs)
{
	if (access(knob_of_balancing, F_OK))
		GTEST_SKIP() << "this kernel has no CONFIG_NUMA_BALANCING";
	struct restored {
		const char *knob;
		std::string before = read_text(knob);
		~restored() { write_text(knob, before); }
	} balancing{knob_of_balancing};

	ASSERT_EQ(write_text(knob_of_balancing, "1"), 0);
	region memory(1024);
	/* Shared pages are left where they are, so every other one has no like. */
	auto seed = [](std::size_t i, std::size_t round) {
		return i % 2 ? 2000 * (round + 1) + i : (i + round) % 30;
	};

	/* Half of it on either node, so that some is far from wherever this runs. */
	for (int node : {0, 1}) {
		prefer_node(node);
		for (std::size_t i = node * memory.pages() / 2; i < (node + 1) * memory.pages() / 2;
		     i++)
			memory.fill(i, seed(i, 0));
	}
	prefer_node(-1);
	memory.mergeable();
	long faults = vmstat("numa_hint_faults");
	auto limit = std::chrono::steady_clock::now() + hang_limit();
	std::size_t round = 0;

	start_ksmd();
	while (vmstat("numa_hint_faults") - faults < long(memory.pages() / 4)) {
		std::size_t last = round++;

		for (std::size_t i = 0; i < memory.pages(); i++) {
			ASSERT_TRUE(memory.holds(i, seed(i, last)))
				<< "page " << i << ", round " << last;
			memory.fill(i, seed(i, round));
		}
		if (std::chrono::steady_clock::now() > limit)
			break;
	}
	stop_ksmd();
	EXPECT_GE(vmstat("numa_hint_faults") - faults, long(memory.pages() / 4))
		<< "NUMA balancing did nothing in " << round << " rounds";
	scan(3);
	EXPECT_EQ(truth_of(memory).total(), memory.pages() / 2);
	for (std::size_t i = 0; i < memory.pages(); i++)
		ASSERT_TRUE(memory.holds(i, seed(i, round))) << "page " << i;
}

/*
 * NUMA balancing changes PTEs at any moment, just when ksmd is about to replace one, too:
 * two passes merge what nobody writes, all the same.
 */
TEST_F(numa, two_passes_beside_eager_balancing)
{
	KSM_SKIP_IF(eager_balancing::why_not_hurried());
	eager_balancing balancing;
	std::size_t rounds = scaled(25), round = 0, left_out = 0;
	region memory(2048);
	long enough = vmstat("numa_pte_updates") + long(memory.pages());
	auto limit = std::chrono::steady_clock::now() + hang_limit();
	std::atomic<bool> done = false;
	/* Balancing works on behalf of who runs, and what it has changed is to fault. */
	std::thread runs([&] {
		while (!done)
			for (std::size_t i = 0; i < memory.pages(); i++)
				(void)*memory.words(i);
	});

	/* How soon it does something is up to how busy the machine is. */
	for (; round < rounds ||
	       (vmstat("numa_pte_updates") <= enough && std::chrono::steady_clock::now() < limit);
	     round++) {
		for (std::size_t i = 0; i < memory.pages(); i++)
			memory.fill(i, i / 2);
		memory.mergeable();
		scan(2);
		left_out += memory.pages() - truth_of(memory).total();
		unmerge_all();
	}
	done = true;
	runs.join();
	EXPECT_GT(vmstat("numa_pte_updates"), enough) << "NUMA balancing did nothing";
	EXPECT_EQ(left_out, 0u) << "in " << round << " rounds";
	for (std::size_t i = 0; i < memory.pages(); i++)
		EXPECT_TRUE(memory.holds(i, i / 2)) << "page " << i;
}

} /* namespace ksm */
