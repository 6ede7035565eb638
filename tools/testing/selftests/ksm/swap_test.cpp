// SPDX-License-Identifier: GPL-2.0
/* KSM pages go to swap and come back. Needs a swap device. */
#include "support/cgroup.hpp"
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

class swapping : public ksm_test
{
protected:
	void prepare() override { KSM_SKIP_IF(why_no_reclaim()); }

	static void expect_exact(pid_t pid)
	{
		ksm_truth truth;

		truth.add_process(pid);
		EXPECT_EQ(knob("pages_sharing"), long(truth.extra()));
		EXPECT_EQ(knob("pages_shared") + knob("pages_sharing"), smaps_ksm_pages(pid));
		EXPECT_EQ(merging_pages(pid), smaps_ksm_pages(pid));
	}
};

TEST_F(swapping, merged_pages_go_out_and_come_back)
{
	constexpr std::size_t pages = 256;
	memory_group group;
	child other([](parent_link &parent) {
		parent.reach("started");
		region own(pages);

		for (std::size_t i = 0; i < pages; i++)
			own.fill(i, i / 4);
		own.mergeable();
		parent.reach("offered", own.data());
		for (std::size_t i = 0; i < pages; i++)
			require(own.holds(i, i / 4),
				"page " + std::to_string(i) + " changed in swap");
		parent.reach("read");
		for (std::size_t i = 0; i < pages; i++)
			own.fill(i, 1000 + i);
		require(own.strangers_unique(1000) == 0, "a write after swapping was lost");
	});

	group.take_in(other);
	page_range memory(other.pid(), other.await("offered"), pages);

	scan(3);
	ASSERT_EQ(truth_of(memory).total(), pages);

	long copies = vmstat("ksm_swpin_copy");
	std::size_t out = group.push_out(memory);

	ASSERT_EQ(out, pages) << "KSM pages could not be swapped out";
	other.go_on("offered");
	other.await("read");
	EXPECT_EQ(swapped(memory), 0u);
	EXPECT_GT(vmstat("ksm_swpin_copy"), copies)
		<< "each frame came back once for its four places";

	/* They may have come back private: ksmd finds them again. */
	scan(4);
	ksm_truth after = truth_of(memory);

	EXPECT_EQ(after.total(), pages);
	EXPECT_EQ(after.frames(), pages / 4);
	expect_exact(other.pid());
	other.go_on("read");
}

TEST_F(swapping, shared_by_two_processes)
{
	constexpr std::size_t pages = 128;
	memory_group group;
	auto run = [](parent_link &parent) {
		parent.reach("started");
		region own(pages);

		own.fill_unique(500);
		own.mergeable();
		parent.reach("offered", own.data());
		require(own.strangers_unique(500) == 0, "a page changed in swap");
		own.fill(3, 9);
		require(own.holds(3, 9) && own.holds(4, 504), "a write hit the wrong page");
		parent.reach("written");
	};
	child one(run), two(run);

	group.take_in(one);
	group.take_in(two);
	page_range first(one.pid(), one.await("offered"), pages);
	page_range second(two.pid(), two.await("offered"), pages);

	scan(3);
	ksm_truth both = truth_of(first);

	both.add(second);
	ASSERT_EQ(both.total(), 2 * pages);
	ASSERT_EQ(both.frames(), pages);
	group.push_out(first);
	/* A KSM page leaves all its processes at once. */
	EXPECT_EQ(swapped(first), pages);
	EXPECT_EQ(swapped(second), pages);
	one.go_on("offered");
	one.await("written");
	two.go_on("offered");
	two.await("written");
	scan(4);
	both = truth_of(first);
	both.add(second);
	EXPECT_EQ(both.total(), 2 * pages);
	EXPECT_EQ(both.frames(), pages);
	EXPECT_EQ(knob("pages_shared"), long(both.frames()));
	EXPECT_EQ(knob("pages_sharing"), long(both.extra()));
}

/* Pages that are swapped out can be unmerged: they come back private. */
TEST_F(swapping, unmerge_of_swapped_pages)
{
	constexpr std::size_t pages = 128;
	memory_group group;
	child other([](parent_link &parent) {
		parent.reach("started");
		region own(pages);

		own.fill_all(7);
		own.mergeable();
		parent.reach("offered", own.data());
		own.unmergeable();
		require(own.strangers(7) == 0, "a page changed in swap");
		parent.reach("unmerged");
	});

	group.take_in(other);
	page_range memory(other.pid(), other.await("offered"), pages);

	scan(3);
	group.push_out(memory);
	EXPECT_GT(swapped(memory), 0u);
	other.go_on("offered");
	other.await("unmerged");

	region anchor(1);

	anchor.fill(0, 1);
	anchor.mergeable();
	scan(4);
	EXPECT_EQ(knob("pages_shared"), 0);
	EXPECT_EQ(knob("pages_sharing"), 0);
}

/* A process that ends while its KSM pages are out leaves nothing behind. */
TEST_F(swapping, exit_while_swapped_out)
{
	constexpr std::size_t pages = 128;
	memory_group group;
	region anchor(1);

	anchor.fill(0, 1);
	anchor.mergeable();
	child other([](parent_link &parent) {
		parent.reach("started");
		region own(pages);

		own.fill_all(8);
		own.mergeable();
		parent.reach("offered", own.data());
	});

	group.take_in(other);
	page_range memory(other.pid(), other.await("offered"), pages);

	scan(3);
	group.push_out(memory);
	other.go_on("offered");
	other.join();
	scan(4);
	EXPECT_EQ(counters::read().tracked(), 1);
	EXPECT_EQ(knob("pages_shared"), 0);
}

/*
 * MADV_FREE gives up a page that is mapped once, though other pages may be merged with
 * it later: these have not been given up. Fails on the old engine.
 */
TEST_F(swapping, page_merged_with_one_that_was_freed_lazily)
{
	constexpr std::size_t pages = 64;
	memory_group group;
	child other([](parent_link &parent) {
		parent.reach("started");
		region given_up(pages), twin(pages), late(pages);

		given_up.fill_unique(70);
		twin.fill_unique(70);
		given_up.mergeable();
		twin.mergeable();
		parent.reach("offered");
		twin.fill_unique(7000);
		given_up.advise(MADV_FREE);
		late.fill_unique(70);
		late.mergeable();
		parent.reach("given up", late.data());
		require(late.strangers_unique(70) == 0, "pages that nobody gave up are lost");
		for (std::size_t i = 0; i < pages; i++)
			require(given_up.holds(i, 70 + i) || page_is_zero(given_up.page(i)),
				"page " + std::to_string(i) + " is neither kept nor empty");
	});

	group.take_in(other);
	other.await("offered");
	scan(3);
	ASSERT_EQ(knob("pages_sharing"), long(pages));
	other.go_on("offered");
	page_range late(other.pid(), other.await("given up"), pages);

	scan(3);
	ASSERT_EQ(knob("pages_sharing"), long(pages)) << "merged with what was given up";
	group.push_out(late);
	other.go_on("given up");
}

/* Reclaim, ksmd, reads and writes all at once. */
TEST_F(swapping, reclaim_while_ksmd_runs)
{
	constexpr std::size_t pages = 512;
	const std::size_t rounds = scaled(60);
	memory_group group;
	child other([=](parent_link &parent) {
		parent.reach("started");
		region own(pages);
		std::uint64_t holds[pages];

		for (std::size_t i = 0; i < pages; i++)
			own.fill(i, holds[i] = i % 50);
		own.mergeable();
		parent.tell("offered");
		for (std::size_t round = 0; round < rounds; round++) {
			parent.await("round");
			for (std::size_t i = 0; i < pages; i++) {
				require(own.holds(i, holds[i]), "page " + std::to_string(i) +
									" in round " +
									std::to_string(round));
				if (i % 7 == round % 7)
					own.fill(i, holds[i] = (holds[i] + round) % 50);
			}
			parent.tell("read");
		}
	});

	group.take_in(other);
	other.await("offered");
	start_ksmd();
	for (std::size_t round = 0; round < rounds; round++) {
		other.go_on("round");
		group.reclaim(pages * page_size / 2);
		other.await("read");
	}
	stop_ksmd();
}

} /* namespace ksm */
