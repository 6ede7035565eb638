// SPDX-License-Identifier: GPL-2.0
/* max_page_sharing: no KSM page has more mappings than that. */
#include <cerrno>

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

class chains : public ksm_test
{
protected:
	static constexpr long most = 8;

	void prepare() override
	{
		set_knob("max_page_sharing", most);
		set_knob("stable_node_chains_prune_millisecs", 0L);
	}

	/* Writes to all pages that are where the first one is. */
	static void break_up_first_frame(const region &memory)
	{
		auto map = pagemap(memory);

		for (std::size_t i = 0; i < memory.pages(); i++)
			if (map[i].pfn() == map[0].pfn())
				memory.fill(i, 1000 + i);
	}
};

TEST_F(chains, mappings_are_limited)
{
	region memory(4 * most);

	memory.fill_all(1);
	memory.mergeable();
	scan(4);

	ksm_truth truth = truth_of(memory);

	EXPECT_EQ(truth.most(), std::size_t(most));
	EXPECT_EQ(truth.frames(), 4u);
	EXPECT_EQ(truth.total(), memory.pages());

	counters now = counters::read();

	EXPECT_EQ(now.shared, 4);
	EXPECT_EQ(now.sharing, 4 * most - 4);
	EXPECT_EQ(now.chains, 1);
	EXPECT_EQ(now.dups, 4);
	EXPECT_EQ(memory.strangers(1), 0u);
}

TEST_F(chains, no_chain_up_to_the_limit)
{
	region memory(most);

	memory.fill_all(2);
	memory.mergeable();
	scan(4);
	EXPECT_EQ(truth_of(memory).frames(), 1u);
	EXPECT_EQ(knob("stable_node_chains"), 0);
	EXPECT_EQ(knob("stable_node_dups"), 0);
}

/* One page too many finds no partner and waits for one. */
TEST_F(chains, one_more_than_the_limit)
{
	region memory(most + 1), late(1);

	memory.fill_all(3);
	memory.mergeable();
	scan(4);
	EXPECT_EQ(truth_of(memory).total(), std::size_t(most));
	EXPECT_EQ(truth_of(memory).most(), std::size_t(most));
	EXPECT_EQ(knob("pages_unshared"), 1);

	late.fill(0, 3);
	late.mergeable();
	scan(4);

	ksm_truth both = truth_of(memory);

	both.add(late);
	EXPECT_EQ(both.total(), std::size_t(most) + 2);
	EXPECT_EQ(both.frames(), 2u);
	EXPECT_LE(both.most(), std::size_t(most));
	EXPECT_EQ(knob("stable_node_chains"), 1);
	EXPECT_EQ(knob("stable_node_dups"), 2);
}

TEST_F(chains, several_contents)
{
	constexpr std::size_t contents = 5;
	region memory(contents * 3 * most);

	for (std::size_t i = 0; i < memory.pages(); i++)
		memory.fill(i, i % contents);
	memory.mergeable();
	scan(4);

	ksm_truth truth = truth_of(memory);
	counters now = counters::read();

	EXPECT_EQ(truth.total(), memory.pages());
	EXPECT_EQ(truth.frames(), contents * 3);
	EXPECT_EQ(truth.most(), std::size_t(most));
	EXPECT_EQ(now.shared, long(truth.frames()));
	EXPECT_EQ(now.sharing, long(truth.extra()));
	EXPECT_EQ(now.chains, long(contents));
	EXPECT_EQ(now.dups, long(truth.frames()));
}

TEST_F(chains, across_processes)
{
	auto run = [](parent_link &parent) {
		region own(3 * most);

		own.fill_all(4);
		own.mergeable();
		parent.reach("offered");
		require(own.strangers(4) == 0, "content changed");
	};
	child one(run), two(run);

	one.await("offered");
	two.await("offered");
	scan(4);

	ksm_truth truth;

	truth.add_process(one.pid());
	truth.add_process(two.pid());
	EXPECT_EQ(truth.total(), std::size_t(6 * most));
	EXPECT_EQ(truth.frames(), 6u);
	EXPECT_EQ(truth.most(), std::size_t(most));
	one.go_on("offered");
	two.go_on("offered");
}

/* Stale members of a chain go when their processes have gone. */
TEST_F(chains, pruned_after_exit)
{
	region memory(2 * most);

	memory.fill_all(5);
	memory.mergeable();
	scan(4);
	EXPECT_EQ(knob("stable_node_dups"), 2);

	child other([](parent_link &parent) {
		region own(6 * most);

		own.fill_all(5);
		own.mergeable();
		parent.reach("offered");
	});

	other.await("offered");
	scan(4);
	EXPECT_EQ(knob("stable_node_dups"), 8);
	EXPECT_EQ(knob("pages_shared"), 8);
	other.go_on("offered");
	other.join();

	/* A page to be looked up: the old engine prunes only as it passes by. */
	region visitor(1);

	visitor.fill(0, 5);
	visitor.mergeable();
	scan(6);

	ksm_truth truth = truth_of(memory);

	truth.add(visitor);
	EXPECT_EQ(knob("pages_shared"), long(truth.frames()));
	EXPECT_EQ(knob("pages_sharing"), long(truth.extra()));
	EXPECT_EQ(knob("stable_node_dups"), long(truth.frames()));
	EXPECT_EQ(knob("stable_node_chains"), 1);
	EXPECT_EQ(memory.strangers(5), 0u);
}

/* How many copies the last search of a chain has found gone. */
TEST_F(chains, prune_miss_ratio)
{
	KSM_SKIP_IF(why_no_knob("chains_prune_miss_ratio"));
	/* The visitor is its first page, which another page table maps. */
	region memory(4 * most), visitor(huge_size / page_size);
	stepper ksmd;

	ASSERT_LT(visitor.data(), memory.data()) << "it is to be visited first";
	memory.fill_all(9);
	memory.mergeable();
	for (int i = 0; i < 4; i++)
		ksmd.pass();
	ASSERT_EQ(knob("stable_node_dups"), 4);

	/* Clean once, read and looked up in the next pass. */
	visitor.fill(0, 9);
	visitor.mergeable();
	ksmd.pass();

	break_up_first_frame(memory);
	/* A search is due again when the kernel's clock has ticked. */
	usleep(20 * 1000);
	ksmd.pass();
	EXPECT_EQ(knob("chains_prune_miss_ratio"), 25) << "one of four was gone";
	EXPECT_EQ(knob("stable_node_dups"), 3);

	/* The next search finds them all where they should be. */
	visitor.fill(0, 1);
	ksmd.pass();
	visitor.fill(0, 9);
	ksmd.pass();
	usleep(20 * 1000);
	ksmd.pass();
	EXPECT_EQ(knob("chains_prune_miss_ratio"), 0);
}

/* When but one member is left, there is no chain any more. */
TEST_F(chains, ends_with_its_last_but_one_member)
{
	region memory(2 * most);

	memory.fill_all(6);
	memory.mergeable();
	scan(4);
	ASSERT_EQ(knob("stable_node_chains"), 1);

	break_up_first_frame(memory);

	region visitor(1);

	visitor.fill(0, 6);
	visitor.mergeable();
	scan(6);

	ksm_truth truth = truth_of(memory);

	truth.add(visitor);
	EXPECT_EQ(truth.frames(), 1u);
	EXPECT_EQ(knob("pages_shared"), 1);
	EXPECT_EQ(knob("stable_node_chains"), 0);
	EXPECT_EQ(knob("stable_node_dups"), 0);
}

/* Shares that fork makes are let over the limit, and are counted. */
TEST_F(chains, fork_passes_the_limit)
{
	region memory(most);

	memory.fill_all(7);
	memory.mergeable();
	scan(4);
	child other([&](parent_link &parent) {
		parent.reach("forked");
		require(memory.strangers(7) == 0, "content changed");
	});

	other.await("forked");
	scan(4);

	ksm_truth truth = truth_of(memory);

	truth.add({memory, other.pid()});
	EXPECT_EQ(truth.total(), std::size_t(2 * most));
	EXPECT_EQ(knob("pages_shared"), long(truth.frames()));
	EXPECT_EQ(knob("pages_sharing"), long(truth.extra()));
	EXPECT_EQ(memory.strangers(7), 0u);
	other.go_on("forked");
}

TEST_F(chains, limit_is_fixed_while_pages_are_merged)
{
	region memory(4);

	memory.fill_all(8);
	memory.mergeable();
	scan(3);
	ASSERT_EQ(knob("pages_shared"), 1);
	EXPECT_EQ(try_knob("max_page_sharing", "9"), EBUSY);
	EXPECT_EQ(try_knob("max_page_sharing", std::to_string(most)), 0) << "no change, no error";
	EXPECT_EQ(knob("max_page_sharing"), most);
	unmerge_all();
	EXPECT_EQ(try_knob("max_page_sharing", "9"), 0);
	EXPECT_EQ(knob("max_page_sharing"), 9);
}

} /* namespace ksm */
