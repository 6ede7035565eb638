// SPDX-License-Identifier: GPL-2.0
/*
 * khugepaged and ksmd do not work against each other. What ksmd would
 * split again is not collapsed; what it would leave whole is.
 */
#include <cerrno>
#include <chrono>

#include <sys/mman.h>

#include "support/ksm_pages.hpp"
#include "support/limits.hpp"
#include "support/pagemap.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/thp.hpp"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

namespace ksm
{

class collapse : public thp
{
protected:
	/* A huge page, split because one page of it had a duplicate. */
	void split_for_one_match(unsigned seed)
	{
		huge_.fill_unique(seed);
		small_.fill(0, seed + 33);
		KSM_SKIP_IF(why_not_huge(huge_));
		huge_.mergeable();
		small_.mergeable();
		scan(6);
		ASSERT_FALSE(is_huge(huge_));
		ASSERT_TRUE(is_ksm_page(small_.page(0)));
		ASSERT_EQ(truth_of(huge_).total(), 1u);
	}

	/* khugepaged wants pages that are in use. */
	void touch() const
	{
		for (std::size_t i = 0; i < huge_.pages(); i++)
			(void)*huge_.words(i);
	}

	/*
	 * It may have to come by more than once: pages are busy now and then, and it takes
	 * a huge page of the node that they are on, where there may be none.
	 */
	void await_collapse(const fast_khugepaged &fast) const
	{
		auto until = std::chrono::steady_clock::now() + hang_limit();
		long none = vmstat("thp_collapse_alloc_failed");

		while (!is_huge(huge_) && std::chrono::steady_clock::now() < until) {
			touch();
			fast.await_passes(2);
			if (vmstat("thp_collapse_alloc_failed") > none)
				make_huge_pages();
		}
		EXPECT_TRUE(is_huge(huge_))
			<< vmstat("thp_collapse_alloc_failed") - none
			<< " times no huge page was to be had; of the small ones "
			<< truth_of(huge_).total() << " are KSM pages, " << swapped(huge_)
			<< " are swapped out";
	}

	static void make_huge_pages()
	{
		write_text("/proc/sys/vm/drop_caches", "3");
		write_text("/proc/sys/vm/compact_memory", "1");
	}

	region huge_{pages_per_huge, region::pages_are::huge};
	region small_{1};
};

TEST_F(collapse, leaves_alone_what_ksmd_has_split)
{
	fast_khugepaged fast;

	split_for_one_match(1000);
	if (IsSkipped() || HasFatalFailure())
		return;
	start_ksmd();

	long splits = vmstat("thp_split_page");
	long collapses = vmstat("thp_collapse_alloc");

	for (int i = 0; i < 10; i++) {
		touch();
		fast.await_passes(2);
		await_scans(3);
	}
	EXPECT_EQ(vmstat("thp_split_page"), splits) << "khugepaged and ksmd play ping-pong";
	EXPECT_EQ(vmstat("thp_collapse_alloc"), collapses);
	stop_ksmd();
	EXPECT_EQ(truth_of(huge_).total(), 1u);
	EXPECT_EQ(huge_.strangers_unique(1000), 0u);
}

TEST_F(collapse, undoes_nothing_while_ksmd_is_stopped)
{
	fast_khugepaged fast;

	split_for_one_match(2000);
	if (IsSkipped() || HasFatalFailure())
		return;
	for (int i = 0; i < 5; i++) {
		touch();
		fast.await_passes(2);
	}
	EXPECT_FALSE(is_huge(huge_));
	EXPECT_EQ(truth_of(huge_).total(), 1u);
}

TEST_F(collapse, goes_on_once_nothing_is_merged)
{
	fast_khugepaged fast;

	split_for_one_match(2500);
	if (IsSkipped() || HasFatalFailure())
		return;
	huge_.fill(33, 2500 + 33);
	await_collapse(fast);
	EXPECT_EQ(huge_.strangers_unique(2500), 0u);
}

TEST_F(collapse, below_the_threshold_is_done_and_stays)
{
	KSM_SKIP_IF(why_no_knob("thp_split_threshold"));
	fast_khugepaged fast;

	split_for_one_match(3000);
	if (IsSkipped() || HasFatalFailure())
		return;
	set_knob("thp_split_threshold", 2);
	start_ksmd();
	await_collapse(fast);
	await_scans(6);
	stop_ksmd();
	EXPECT_TRUE(is_huge(huge_));
	EXPECT_EQ(huge_.strangers_unique(3000), 0u);
}

TEST_F(collapse, counts_zero_pages)
{
	fast_khugepaged fast;

	set_knob("use_zero_pages", 1);
	huge_.fill_unique(4000);
	for (std::size_t word = 0; word < words_per_page; word++)
		huge_.words(77)[word] = 0;
	KSM_SKIP_IF(why_not_huge(huge_));
	huge_.mergeable();
	start_ksmd();
	await_scans(6);
	ASSERT_EQ(truth_of(huge_).zero_ptes, 1u);
	for (int i = 0; i < 5; i++) {
		touch();
		fast.await_passes(2);
	}
	EXPECT_FALSE(is_huge(huge_));
	EXPECT_EQ(truth_of(huge_).zero_ptes, 1u);
}

TEST_F(collapse, fills_no_holes_for_ksmd_to_merge)
{
	fast_khugepaged fast;

	huge_.fill_unique(4500);
	KSM_SKIP_IF(why_not_huge(huge_));
	huge_.mergeable();
	start_ksmd();
	ASSERT_EQ(madvise(huge_.page(99), 2 * page_size, MADV_DONTNEED), 0);
	fast.await_passes(1);

	long collapses = vmstat("thp_collapse_alloc");

	for (int i = 0; i < 10; i++) {
		for (std::size_t page = 0; page < huge_.pages(); page++)
			if (page != 99 && page != 100)
				(void)*huge_.words(page);
		fast.await_passes(2);
		await_scans(2);
	}
	EXPECT_EQ(vmstat("thp_collapse_alloc"), collapses);
	EXPECT_FALSE(pagemap_of(huge_.page(99)).present());
}

TEST_F(collapse, by_madvise_is_obeyed)
{
	split_for_one_match(5000);
	if (IsSkipped() || HasFatalFailure())
		return;
	if (madvise(huge_.data(), huge_.bytes(), MADV_COLLAPSE)) {
		if (errno == EINVAL)
			GTEST_SKIP() << "this kernel has no MADV_COLLAPSE";
		FAIL() << "MADV_COLLAPSE: errno " << errno;
	}
	EXPECT_TRUE(is_huge(huge_));
	EXPECT_EQ(huge_.strangers_unique(5000), 0u);
	scan(6);
	EXPECT_EQ(truth_of(huge_).total(), 1u) << "found again";
}

/* Both at full speed, and a writer, over memory that keeps merging and collapsing. */
TEST_F(collapse, races_with_merging)
{
	constexpr std::size_t count = 4;
	region memory(count * pages_per_huge, region::pages_are::huge);
	fast_khugepaged fast;

	memory.fill_unique(6000);
	KSM_SKIP_IF(why_not_huge(memory));
	memory.mergeable();
	start_ksmd();
	for (std::size_t round = 0; round < scaled(60); round++) {
		/* One more duplicate in one huge page, none in another. */
		std::size_t from = round % count * pages_per_huge;
		std::size_t to = (round + 1) % count * pages_per_huge;

		memory.fill(from + round % 17, 50000 + round % 5);
		for (std::size_t i = 0; i < pages_per_huge; i++)
			memory.fill(to + i, 6000 + to + i);
		if (round % 3 == 0)
			madvise(memory.page(to), huge_size, MADV_COLLAPSE);
		if (round % 8 == 0)
			await_scans(1);
		ASSERT_TRUE(memory.holds(from + round % 17, 50000 + round % 5));
		for (std::size_t i = 0; i < pages_per_huge; i++)
			ASSERT_TRUE(memory.holds(to + i, 6000 + to + i)) << "page " << to + i;
	}
	stop_ksmd();
}

} /* namespace ksm */
