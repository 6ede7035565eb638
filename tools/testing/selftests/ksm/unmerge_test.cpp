// SPDX-License-Identifier: GPL-2.0
/* Taking memory back, by range, by process exit and by run=2. */
#include <atomic>
#include <thread>

#include <sys/mman.h>

#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/ksm_pages.hpp"
#include "support/pagemap.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"

namespace ksm
{

class unmerge : public ksm_test
{
};

TEST_F(unmerge, whole_range_before_madvise_returns)
{
	region memory(64);

	memory.fill_all(1);
	memory.mergeable();
	scan();
	ASSERT_EQ(truth_of(memory).total(), memory.pages());
	memory.unmergeable();
	EXPECT_EQ(truth_of(memory).total(), 0u);
	EXPECT_FALSE(vma_has_flag(memory.data(), "mg"));
	EXPECT_EQ(memory.strangers(1), 0u);

	region anchor(2); /* keeps ksmd going, so that it sees what is gone */

	anchor.fill_unique(2);
	anchor.mergeable();
	scan(3);
	EXPECT_EQ(truth_of(memory).total(), 0u);
	EXPECT_EQ(knob("pages_shared"), 0);
	EXPECT_EQ(knob("pages_sharing"), 0);
	EXPECT_EQ(merging_pages(), 0);
}

TEST_F(unmerge, part_of_a_range)
{
	region memory(64);

	memory.fill_all(3);
	memory.mergeable();
	scan();
	ASSERT_EQ(truth_of(memory).total(), memory.pages());
	ASSERT_EQ(madvise(memory.page(20), 10 * page_size, MADV_UNMERGEABLE), 0);

	auto merged = which_are_ksm(memory);

	for (std::size_t i = 0; i < memory.pages(); i++)
		EXPECT_EQ(merged[i], i < 20 || i >= 30) << "page " << i;
	EXPECT_EQ(memory.strangers(3), 0u);
	scan(2);
	EXPECT_EQ(truth_of(memory).total(), memory.pages() - 10);
	EXPECT_EQ(knob("pages_shared"), 1);
	EXPECT_EQ(knob("pages_sharing"), long(memory.pages()) - 11);

	/* Offered again, it comes back. */
	memory.mergeable();
	scan();
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
	EXPECT_EQ(truth_of(memory).frames(), 1u);
}

TEST_F(unmerge, other_process_keeps_its_share)
{
	region memory(32);

	memory.fill_all(4);
	memory.mergeable();
	child other([&](parent_link &parent) {
		for (std::size_t i = 0; i < memory.pages(); i++)
			memory.fill(i, 4);
		parent.reach("filled");
		memory.unmergeable();
		parent.reach("unmerged");
		require(memory.strangers(4) == 0, "content changed by unmerging");
	});

	other.await("filled");
	scan();

	ksm_truth both = truth_of(memory);

	both.add({memory, other.pid()});
	ASSERT_EQ(both.total(), 2 * memory.pages());
	other.go_on("filled");
	other.await("unmerged");

	ksm_truth theirs;

	theirs.add({memory, other.pid()});
	EXPECT_EQ(theirs.total(), 0u);
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
	other.go_on("unmerged");
	other.join();
	EXPECT_EQ(memory.strangers(4), 0u);
}

TEST_F(unmerge, run_2_unmerges_all)
{
	region memory(64);

	memory.fill_all(5);
	memory.mergeable();
	child other([&](parent_link &parent) {
		region own(64);

		own.fill_unique(600);
		for (std::size_t i = 0; i < 32; i++)
			own.fill(i, 5);
		own.mergeable();
		parent.reach("offered");
		for (std::size_t i = 0; i < 64; i++)
			require(own.holds(i, i < 32 ? 5 : 600 + i), "content changed by run=2");
	});

	other.await("offered");
	scan();
	ASSERT_EQ(truth_of(memory).total(), memory.pages());

	ksm_truth theirs;

	theirs.add_process(other.pid());
	ASSERT_EQ(theirs.total(), 32u + memory.pages());

	unmerge_all();
	EXPECT_EQ(truth_of(memory).total(), 0u);
	theirs = {};
	theirs.add_process(other.pid());
	EXPECT_EQ(theirs.total(), 0u);
	expect_nothing_counted();
	EXPECT_EQ(knob("full_scans"), 0);
	EXPECT_EQ(merging_pages(), 0);
	EXPECT_EQ(merging_pages(other.pid()), 0);
	EXPECT_EQ(ksm_stat("ksm_rmap_items"), 0);
	EXPECT_EQ(memory.strangers(5), 0u);
	EXPECT_TRUE(vma_has_flag(memory.data(), "mg")) << "run=2 takes back no offer";
	other.go_on("offered");
	other.join();

	/* And run=1 starts all over. */
	scan();
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
}

/*
 * Where a fork offers what it shares with its parent, the parent maps the KSM page, too,
 * without an offer of its own; and it goes on to do so when the fork has gone.
 */
TEST_F(unmerge, run_2_where_a_fork_made_the_offer)
{
	region memory(64);

	for (std::size_t i = 0; i < memory.pages(); i++)
		memory.fill(i, 20 + i / 2);

	for (bool gone : {false, true}) {
		SCOPED_TRACE(gone ? "the fork has gone" : "the fork is there");
		child fork([&](parent_link &parent) {
			memory.mergeable();
			parent.reach("offered");
		});

		fork.await("offered");
		scan();
		ASSERT_EQ(truth_of(memory).total(), memory.pages() / 2);
		if (gone) {
			fork.go_on("offered");
			fork.join();
		}
		unmerge_all();
		EXPECT_EQ(truth_of(memory).total(), 0u);
		expect_nothing_counted();
	}
	for (std::size_t i = 0; i < memory.pages(); i++)
		EXPECT_TRUE(memory.holds(i, 20 + i / 2)) << "page " << i;
}

TEST_F(unmerge, run_2_while_ksmd_runs)
{
	region memory(512);

	memory.fill_all(6);
	memory.mergeable();
	for (int round = 0; round < 10; round++) {
		start_ksmd();
		if (round % 2)
			await_scans(1);
		unmerge_all();
		ASSERT_EQ(truth_of(memory).total(), 0u) << "round " << round;
		expect_nothing_counted();
		ASSERT_EQ(knob("full_scans"), 0);
	}
	EXPECT_EQ(memory.strangers(6), 0u);
}

/* The old engine keeps mmap_lock from the first page to the last. */
TEST_F(unmerge, run_2_lets_others_map)
{
	region memory(8192);
	std::atomic<bool> started = false, done = false;
	std::atomic<long> mapped = 0;
	auto half_done = [&] {
		return !is_ksm_page(memory.page(0)) && is_ksm_page(memory.page(memory.pages() - 1));
	};

	memory.fill_all(7);
	memory.mergeable();
	scan();
	ASSERT_EQ(truth_of(memory).total(), memory.pages());

	std::thread other([&] {
		while (!done) {
			started = true;
			bool before = half_done();
			void *page = mmap(nullptr, page_size, PROT_READ,
					  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

			if (page != MAP_FAILED && munmap(page, page_size) == 0)
				mapped += before && half_done();
		}
	});

	while (!started)
		std::this_thread::yield();
	unmerge_all();
	EXPECT_GE(mapped, 3) << "mappings made in the midst of it";
	done = true;
	other.join();
	EXPECT_EQ(truth_of(memory).total(), 0u);
	EXPECT_EQ(memory.strangers(7), 0u);
	expect_nothing_counted();
}

/* run=0 keeps what is merged, and nothing more happens. */
TEST_F(unmerge, run_0_keeps_the_shares)
{
	region memory(32), late(32);

	memory.fill_all(7);
	memory.mergeable();
	scan();
	stop_ksmd();

	counters before = counters::read();

	late.fill_all(7);
	late.mergeable();
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
	EXPECT_EQ(truth_of(late).total(), 0u);

	counters after = counters::read();

	EXPECT_EQ(before.full_scans, after.full_scans);
	EXPECT_EQ(before.sharing, after.sharing);
}

TEST_F(unmerge, counters_fall_after_exit)
{
	child other([](parent_link &parent) {
		region own(256);

		own.fill_unique(1000);
		for (std::size_t i = 0; i < 128; i++)
			own.fill(i, 100 + i / 2);
		own.mergeable();
		parent.reach("offered");
	});

	other.await("offered");

	region anchor(2); /* not before the fork, which would have shared it */

	anchor.fill_unique(8);
	anchor.mergeable();
	scan();
	EXPECT_EQ(knob("pages_shared"), 64);
	EXPECT_EQ(knob("pages_sharing"), 64);
	EXPECT_EQ(knob("pages_unshared"), 128 + 2);
	other.go_on("offered");
	other.join();
	scan();
	EXPECT_EQ(knob("pages_shared"), 0);
	EXPECT_EQ(knob("pages_sharing"), 0);
	EXPECT_EQ(knob("pages_unshared"), 2);
	EXPECT_EQ(knob("pages_volatile"), 0);
}

TEST_F(unmerge, counters_fall_after_munmap)
{
	region anchor(2);

	anchor.fill_unique(10);
	anchor.mergeable();
	{
		region memory(128);

		memory.fill_all(30);
		memory.mergeable();
		scan();
		ASSERT_EQ(knob("pages_sharing"), 127);
	}
	scan();
	EXPECT_EQ(knob("pages_shared"), 0);
	EXPECT_EQ(knob("pages_sharing"), 0);
	EXPECT_EQ(merging_pages(), 0);
	EXPECT_EQ(ksm_stat("ksm_rmap_items"), 2);
}

/* Pages that were dropped come back as zeroes, not as what was merged. */
TEST_F(unmerge, dontneed_of_merged_pages)
{
	region memory(64);

	memory.fill_all(12);
	memory.mergeable();
	scan();
	ASSERT_EQ(madvise(memory.page(8), 16 * page_size, MADV_DONTNEED), 0);
	for (std::size_t i = 0; i < memory.pages(); i++) {
		bool dropped = i >= 8 && i < 24;

		EXPECT_TRUE(dropped ? page_is_zero(memory.page(i)) : memory.holds(i, 12))
			<< "page " << i;
	}
	scan();
	EXPECT_EQ(truth_of(memory).total(), memory.pages() - 16);
	EXPECT_EQ(knob("pages_sharing"), long(memory.pages()) - 17);
	memory.unmergeable();
	EXPECT_EQ(truth_of(memory).total(), 0u);
}

} /* namespace ksm */
