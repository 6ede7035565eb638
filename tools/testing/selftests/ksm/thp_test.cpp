// SPDX-License-Identifier: GPL-2.0
/* A huge page is split only where that pays. */
#include <atomic>
#include <thread>

#include <sched.h>

#include "support/ksm_pages.hpp"
#include "support/pagemap.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"
#include "support/thp.hpp"

namespace ksm
{

TEST_F(thp, without_duplicates_is_left_whole)
{
	region memory(2 * pages_per_huge, region::pages_are::huge);

	memory.fill_unique(1000);
	KSM_SKIP_IF(why_not_huge(memory, 2));
	memory.mergeable();
	scan(4);
	EXPECT_TRUE(is_huge(memory, 0));
	EXPECT_TRUE(is_huge(memory, 1));
	EXPECT_EQ(memory.strangers_unique(1000), 0u);
	EXPECT_EQ(knob("pages_shared"), 0);
}

TEST_F(thp, with_a_duplicate_is_split_and_merged)
{
	region huge(2 * pages_per_huge, region::pages_are::huge);
	region small(1);

	huge.fill_unique(5000);
	KSM_SKIP_IF(why_not_huge(huge, 2));
	small.fill(0, 5000 + 77);
	huge.mergeable();
	small.mergeable();
	scan(4);
	EXPECT_FALSE(is_huge(huge, 0));
	EXPECT_TRUE(is_huge(huge, 1)) << "the one with no duplicate is left whole";
	EXPECT_EQ(pagemap_of(huge.page(77)).pfn(), pagemap_of(small.page(0)).pfn());
	EXPECT_TRUE(is_ksm_page(small.page(0)));
	EXPECT_EQ(huge.strangers_unique(5000), 0u);
	EXPECT_EQ(truth_of(huge).total(), 1u);
}

TEST_F(thp, duplicates_within_one_huge_page)
{
	region memory(pages_per_huge, region::pages_are::huge);

	memory.fill_all(1);
	KSM_SKIP_IF(why_not_huge(memory));
	memory.mergeable();
	/* The old engine splits first and merges in later passes. */
	scan(6);
	EXPECT_FALSE(is_huge(memory));

	ksm_truth truth = truth_of(memory);

	EXPECT_EQ(truth.total(), pages_per_huge);
	EXPECT_EQ(truth.frames(), pages_per_huge / 256) << "as max_page_sharing allows";
	EXPECT_EQ(memory.strangers(1), 0u);
}

TEST_F(thp, two_equal_huge_pages)
{
	region memory(2 * pages_per_huge, region::pages_are::huge);

	for (std::size_t i = 0; i < memory.pages(); i++)
		memory.fill(i, 9000 + i % pages_per_huge);
	KSM_SKIP_IF(why_not_huge(memory, 2));
	memory.mergeable();
	scan(6);

	ksm_truth truth = truth_of(memory);

	EXPECT_EQ(truth.total(), memory.pages());
	EXPECT_EQ(truth.frames(), pages_per_huge);
	for (std::size_t i = 0; i < memory.pages(); i++)
		ASSERT_TRUE(memory.holds(i, 9000 + i % pages_per_huge)) << "page " << i;
}

TEST_F(thp, empty_subpages_go_to_the_zero_page)
{
	region memory(pages_per_huge, region::pages_are::huge);

	memory.fill_unique(20000);
	for (std::size_t i = 100; i < 200; i++)
		for (std::size_t word = 0; word < words_per_page; word++)
			memory.words(i)[word] = 0;
	KSM_SKIP_IF(why_not_huge(memory));
	set_knob("use_zero_pages", 1);
	memory.mergeable();
	scan(6);
	EXPECT_EQ(truth_of(memory).zero_ptes, 100u);
	for (std::size_t i = 0; i < memory.pages(); i++)
		EXPECT_TRUE(i >= 100 && i < 200 ? page_is_zero(memory.page(i))
						: memory.holds(i, 20000 + i));
}

/*
 * Huge pages that hold nothing but zeroes: a split by the kernel can map the zero page
 * in place of them, which no counter of KSM would show, and no unmerging bring back.
 */
class empty_thp : public thp
{
protected:
	static void merge_and_unmerge(bool to_the_zero_page);
};

void empty_thp::merge_and_unmerge(bool to_the_zero_page)
{
	constexpr std::size_t huge_pages = 4;
	region memory(huge_pages * pages_per_huge, region::pages_are::huge);
	long whole = long(memory.bytes() / 1024), zero_pages = knob("ksm_zero_pages");
	auto anonymous = [&] { return smaps_kb(memory.data(), "Anonymous"); };

	set_knob("use_zero_pages", to_the_zero_page ? 1 : 0);
	for (std::size_t i = 0; i < huge_pages; i++)
		memory.words(i * pages_per_huge)[0] = 0;
	KSM_SKIP_IF(why_not_huge(memory, huge_pages));
	ASSERT_EQ(anonymous(), whole);
	memory.mergeable();
	scan(6);

	ksm_truth truth = truth_of(memory);

	if (to_the_zero_page) {
		EXPECT_EQ(truth.zero_ptes, memory.pages());
		EXPECT_EQ(knob("ksm_zero_pages") - zero_pages, long(memory.pages()));
		EXPECT_EQ(anonymous(), 0);
	} else {
		EXPECT_EQ(truth.zero_ptes, 0u);
		EXPECT_EQ(truth.total(), memory.pages());
		EXPECT_EQ(knob("pages_shared"), long(truth.frames()));
		EXPECT_EQ(knob("pages_sharing"), long(truth.extra()));
		EXPECT_EQ(knob("ksm_zero_pages"), zero_pages);
		EXPECT_EQ(anonymous(), whole);
	}
	memory.unmergeable();
	truth = truth_of(memory);
	EXPECT_EQ(truth.total() + truth.zero_ptes, 0u);
	EXPECT_EQ(knob("ksm_zero_pages"), zero_pages);
	EXPECT_EQ(anonymous(), whole) << "unmerging has not brought back every page";
	for (std::size_t i = 0; i < memory.pages(); i++)
		ASSERT_TRUE(page_is_zero(memory.page(i))) << "page " << i;
}

TEST_F(empty_thp, are_merged)
{
	merge_and_unmerge(false);
}

TEST_F(empty_thp, go_to_the_zero_page)
{
	merge_and_unmerge(true);
}

TEST_F(thp, threshold_0_never_splits)
{
	KSM_SKIP_IF(why_no_knob("thp_split_threshold"));
	set_knob("thp_split_threshold", 0L);
	region huge(pages_per_huge, region::pages_are::huge);
	region small(2);

	huge.fill_all(2);
	KSM_SKIP_IF(why_not_huge(huge));
	small.fill_all(2);
	huge.mergeable();
	small.mergeable();
	scan(6);
	EXPECT_TRUE(is_huge(huge));
	EXPECT_EQ(truth_of(small).total(), 2u);
}

TEST_F(thp, threshold_counts_mergeable_subpages)
{
	KSM_SKIP_IF(why_no_knob("thp_split_threshold"));
	set_knob("thp_split_threshold", 10);
	region huge(2 * pages_per_huge, region::pages_are::huge);
	region small(20);

	/* The first has 5 pages that exist elsewhere, the second 15. */
	huge.fill_unique(30000);
	KSM_SKIP_IF(why_not_huge(huge, 2));
	for (std::size_t i = 0; i < 20; i++)
		small.fill(i, 30000 + (i < 5 ? i : pages_per_huge + i));
	huge.mergeable();
	small.mergeable();
	scan(6);
	EXPECT_TRUE(is_huge(huge, 0));
	EXPECT_FALSE(is_huge(huge, 1));
	EXPECT_EQ(huge.strangers_unique(30000), 0u);
	EXPECT_EQ(truth_of(huge).total(), 15u);
}

/* A write into a whole huge page is seen, though its PTEs do not exist. */
TEST_F(thp, written_after_it_has_settled)
{
	region huge(pages_per_huge, region::pages_are::huge);
	region small(1);

	huge.fill_unique(40000);
	KSM_SKIP_IF(why_not_huge(huge));
	small.fill(0, 50000);
	huge.mergeable();
	small.mergeable();
	scan(6);
	ASSERT_TRUE(is_huge(huge));
	huge.fill(300, 50000);
	scan(4);
	EXPECT_EQ(pagemap_of(huge.page(300)).pfn(), pagemap_of(small.page(0)).pfn());
	for (std::size_t i = 0; i < pages_per_huge; i++)
		EXPECT_TRUE(huge.holds(i, i == 300 ? 50000 : 40000 + i)) << "page " << i;
}

/*
 * A write by a processor that has had the huge page in its TLB all the time, as
 * writable and dirty. It leaves no trace if ksmd did not flush that entry when it
 * cleaned the page.
 */
TEST_F(thp, written_by_way_of_a_hot_tlb_entry)
{
	if (std::thread::hardware_concurrency() < 2)
		GTEST_SKIP() << "one CPU only: no TLB entry lives while ksmd runs";
	region huge(pages_per_huge, region::pages_are::huge);
	region small(1);

	huge.fill_unique(60000);
	KSM_SKIP_IF(why_not_huge(huge));
	small.fill(0, 70000);
	huge.mergeable();
	small.mergeable();

	enum { start, keep_hot, write, stop };
	std::atomic<int> order = start;
	std::thread writer([&] {
		huge.fill(300, 60000 + 300);
		order = keep_hot;
		while (order == keep_hot)
			(void)*huge.words(300);
		huge.fill(300, 70000);
		order = stop;
	});

	while (order == start)
		std::this_thread::yield();
	scan(6);
	EXPECT_TRUE(is_huge(huge));
	order = write;
	while (order != stop)
		std::this_thread::yield();
	writer.join();
	scan(4);
	EXPECT_EQ(pagemap_of(huge.page(300)).pfn(), pagemap_of(small.page(0)).pfn());
	EXPECT_TRUE(huge.holds(300, 70000));
}

} /* namespace ksm */
