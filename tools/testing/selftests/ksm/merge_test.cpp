// SPDX-License-Identifier: GPL-2.0
/* What is equal is merged, what is not is left alone. */
#include <cstring>
#include <set>

#include <sys/syscall.h>
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

class merge : public ksm_test
{
};

TEST_F(merge, equal_pages_of_one_process)
{
	region memory(64);

	memory.fill_all(1);
	memory.mergeable();
	scan();

	ksm_truth truth = truth_of(memory);

	EXPECT_EQ(truth.frames(), 1u);
	EXPECT_EQ(truth.total(), memory.pages());
	EXPECT_EQ(page_map_count(truth.mappings.begin()->first), memory.pages());
	EXPECT_EQ(memory.strangers(1), 0u);
}

TEST_F(merge, pairs_far_apart)
{
	constexpr std::size_t pairs = 200;
	region memory(2 * pairs);

	for (std::size_t i = 0; i < pairs; i++) {
		memory.fill(i, 100 + i);
		memory.fill(2 * pairs - 1 - i, 100 + i);
	}
	memory.mergeable();
	scan();

	auto map = pagemap(memory);
	auto merged = which_are_ksm(memory);

	for (std::size_t i = 0; i < pairs; i++) {
		ASSERT_EQ(map[i].pfn(), map[2 * pairs - 1 - i].pfn()) << "pair " << i;
		ASSERT_TRUE(merged[i]) << "pair " << i;
		ASSERT_TRUE(memory.holds(i, 100 + i) && memory.holds(2 * pairs - 1 - i, 100 + i));
	}
	EXPECT_EQ(truth_of(memory).frames(), pairs);
}

TEST_F(merge, equal_pages_of_two_processes)
{
	auto run = [](parent_link &parent) {
		region memory(32);

		memory.fill_unique(500);
		memory.mergeable();
		parent.reach("offered", memory.data());
		require(memory.strangers_unique(500) == 0, "content changed by the merge");
	};
	child one(run), two(run);
	page_range first(one.pid(), one.await("offered"), 32);
	page_range second(two.pid(), two.await("offered"), 32);

	scan();

	auto map_one = pagemap(first);
	auto map_two = pagemap(second);
	auto merged = which_are_ksm(first);

	for (std::size_t i = 0; i < 32; i++) {
		EXPECT_EQ(map_one[i].pfn(), map_two[i].pfn()) << "page " << i;
		EXPECT_TRUE(merged[i]) << "page " << i;
	}
	one.go_on("offered");
	two.go_on("offered");
}

/* One folio that fork has mapped twice is one page, not a page and its duplicate. */
TEST_F(merge, page_shared_by_fork_is_no_duplicate_of_itself)
{
	region memory(16);

	memory.fill_unique(700);
	memory.mergeable();
	child other([](parent_link &parent) { parent.reach("forked"); });

	other.await("forked");
	scan(4);
	EXPECT_EQ(truth_of(memory).total(), 0u);
	EXPECT_EQ(knob("pages_shared"), 0);
	EXPECT_EQ(memory.strangers_unique(700), 0u);
	other.go_on("forked");
}

TEST_F(merge, across_fork)
{
	region memory(32);

	memory.fill_all(3);
	memory.mergeable();
	child other([&](parent_link &parent) {
		for (std::size_t i = 0; i < memory.pages(); i += 2)
			memory.fill(i, 4); /* own copies, equal among themselves */
		parent.reach("copied");
		for (std::size_t i = 0; i < memory.pages(); i++)
			require(memory.holds(i, i % 2 ? 3 : 4), "child reads something else");
	});

	other.await("copied");
	scan();

	ksm_truth both = truth_of(memory);

	both.add({memory, other.pid()});
	EXPECT_EQ(both.frames(), 2u);
	EXPECT_EQ(both.total(), 2 * memory.pages());
	other.go_on("copied");
	other.join();
	EXPECT_EQ(memory.strangers(3), 0u);
}

/* A page merged before the fork is shared by the child without any scan. */
TEST_F(merge, fork_of_merged_pages)
{
	region memory(32);

	memory.fill_all(5);
	memory.mergeable();
	scan();
	child other([&](parent_link &parent) {
		parent.reach("forked");
		memory.fill(7, 6);
		parent.reach("written");
		for (std::size_t i = 0; i < memory.pages(); i++)
			require(memory.holds(i, i == 7 ? 6 : 5), "child reads something else");
	});

	other.await("forked");
	std::uint64_t frame = pagemap_of(memory.page(0)).pfn();

	EXPECT_EQ(page_map_count(frame), 2 * memory.pages());
	other.go_on("forked");
	other.await("written");
	EXPECT_EQ(page_map_count(frame), 2 * memory.pages() - 1);
	scan(3);
	EXPECT_EQ(page_map_count(frame), 2 * memory.pages() - 1);
	other.go_on("written");
	other.join();
	EXPECT_EQ(memory.strangers(5), 0u);
}

TEST_F(merge, difference_in_one_byte_is_a_difference)
{
	region memory(page_size / 64 + 2);

	/* Page i differs from the first two in one byte, each time elsewhere. */
	memory.fill_all(8);
	for (std::size_t i = 2; i < memory.pages(); i++)
		memory.page(i)[(i - 2) * 64 + 63] ^= 1;
	memory.mergeable();
	scan(3);

	auto map = pagemap(memory);
	auto merged = which_are_ksm(memory);

	EXPECT_EQ(map[0].pfn(), map[1].pfn());
	for (std::size_t i = 2; i < memory.pages(); i++) {
		EXPECT_NE(map[i].pfn(), map[0].pfn()) << "byte " << (i - 2) * 64 + 63;
		EXPECT_FALSE(merged[i]);
	}
	EXPECT_EQ(truth_of(memory).total(), 2u);
}

TEST_F(merge, difference_in_the_last_byte_only)
{
	region memory(256);

	memory.fill_all(9);
	for (std::size_t i = 0; i < memory.pages(); i++)
		memory.page(i)[page_size - 1] = char(i);
	memory.mergeable();
	scan(3);
	EXPECT_EQ(truth_of(memory).total(), 0u);
	for (std::size_t i = 0; i < memory.pages(); i++)
		ASSERT_EQ(memory.page(i)[page_size - 1], char(i));
	EXPECT_EQ(knob("pages_unshared"), long(memory.pages()));
}

/* The duplicates' frames are free again, by two independent counts. */
TEST_F(merge, frames_are_released)
{
	/* KASAN keeps what slabs would give back, at first ever more of it. */
	auto free_or_in_slabs = [] {
		return free_pages() + meminfo_kb("Slab") * 1024 / long(page_size);
	};
	region memory(4096);

	memory.fill_all(10);
	memory.mergeable();

	auto before = pagemap(memory);
	long anon_before = meminfo_kb("AnonPages");
	long free_before = free_or_in_slabs();

	scan();
	ASSERT_EQ(truth_of(memory).total(), memory.pages());

	std::uint64_t merged_kb = (memory.pages() - truth_of(memory).frames()) * page_size / 1024;
	std::set<std::uint64_t> kept;
	std::size_t still_mapped = 0;

	for (const auto &page : pagemap(memory))
		kept.insert(page.pfn());
	for (const auto &page : before)
		still_mapped += !kept.count(page.pfn()) && page_map_count(page.pfn()) > 0;

	/* Others in the system take and free some frames meanwhile. */
	EXPECT_LT(still_mapped, memory.pages() / 4);
	EXPECT_GT(anon_before - meminfo_kb("AnonPages"), long(merged_kb * 3 / 4));
	EXPECT_GT(free_or_in_slabs() - free_before, long(merged_kb * 1024 / page_size / 2));
	EXPECT_EQ(memory.strangers(10), 0u);
}

/* Memory that nobody offered is never merged, however equal. */
TEST_F(merge, only_what_was_offered)
{
	region offered(16), withheld(16);

	offered.fill_all(11);
	withheld.fill_all(11);
	offered.mergeable();
	scan(3);
	EXPECT_EQ(truth_of(offered).total(), offered.pages());
	EXPECT_EQ(truth_of(withheld).total(), 0u);
}

TEST_F(merge, offered_in_part)
{
	region memory(64);

	memory.fill_all(12);
	ASSERT_EQ(madvise(memory.page(16), 32 * page_size, MADV_MERGEABLE), 0);
	scan(3);

	auto merged = which_are_ksm(memory);

	for (std::size_t i = 0; i < memory.pages(); i++)
		EXPECT_EQ(merged[i], i >= 16 && i < 48) << "page " << i;
}

/* Shared memory and file pages are refused without an error. */
TEST_F(merge, shared_memory_is_refused_silently)
{
	constexpr std::size_t pages = 16;
	void *got = mmap(nullptr, pages * page_size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(got, MAP_FAILED);
	for (std::size_t i = 0; i < pages; i++)
		fill_page(static_cast<char *>(got) + i * page_size, 13);
	EXPECT_EQ(madvise(got, pages * page_size, MADV_MERGEABLE), 0);
	EXPECT_FALSE(vma_has_flag(got, "mg"));

	region anchor(2); /* ksmd makes no pass while nobody offers anything */

	anchor.fill_unique(14);
	anchor.mergeable();
	scan(3);

	ksm_truth truth;

	truth.add({0, got, pages});
	EXPECT_EQ(truth.total(), 0u);
	munmap(got, pages * page_size);
}

/* Private copies of file pages are anonymous and merge; clean ones are not. */
TEST_F(merge, private_file_mapping)
{
	constexpr std::size_t pages = 16;
	int fd = int(syscall(SYS_memfd_create, "ksm", 0u));

	ASSERT_GE(fd, 0);
	ASSERT_EQ(ftruncate(fd, off_t(pages * page_size)), 0);
	void *got = mmap(nullptr, pages * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	close(fd);
	ASSERT_NE(got, MAP_FAILED);
	auto *data = static_cast<char *>(got);

	for (std::size_t i = 0; i < pages; i++)
		if (i % 2)
			fill_page(data + i * page_size, 15);
		else
			ASSERT_TRUE(page_is_zero(data + i * page_size));
	ASSERT_EQ(madvise(got, pages * page_size, MADV_MERGEABLE), 0);
	scan(3);
	for (std::size_t i = 0; i < pages; i++)
		EXPECT_EQ(is_ksm_page(data + i * page_size), i % 2 == 1) << "page " << i;
	munmap(got, pages * page_size);
}

TEST_F(merge, prot_none)
{
	region memory(16);

	memory.fill_all(16);
	memory.mergeable();
	memory.protect(PROT_NONE);
	scan(3);
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
	EXPECT_EQ(truth_of(memory).frames(), 1u);
	memory.protect(PROT_READ | PROT_WRITE);
	EXPECT_EQ(memory.strangers(16), 0u);
	memory.fill(3, 17);
	EXPECT_TRUE(memory.holds(3, 17));
	EXPECT_TRUE(memory.holds(4, 16));
}

TEST_F(merge, read_only)
{
	region memory(16);

	memory.fill_all(18);
	memory.protect(PROT_READ);
	memory.mergeable();
	scan(3);
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
	EXPECT_EQ(memory.strangers(18), 0u);
}

/* What is rewritten between any two visits never enters a tree. */
TEST_F(merge, changing_pages_stay_private)
{
	region memory(16);
	stepper ksmd;

	memory.fill_all(1000);
	memory.mergeable();
	for (unsigned round = 1; round <= 6; round++) {
		ksmd.pass();
		memory.fill_all(1000 + round);
	}
	ksmd.pass();
	EXPECT_EQ(truth_of(memory).total(), 0u);
	EXPECT_EQ(knob("pages_unshared"), 0);
	EXPECT_EQ(memory.strangers(1006), 0u);
	ksmd.pass();
	ksmd.pass();
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
	EXPECT_EQ(memory.strangers(1006), 0u);
}

/* A page equal to one that is merged already joins it. */
TEST_F(merge, latecomers_join)
{
	region memory(32), late(32);

	memory.fill_unique(2000);
	memory.mergeable();
	scan();
	late.fill_unique(2000);
	late.mergeable();
	scan();

	auto a = pagemap(memory), b = pagemap(late);

	for (std::size_t i = 0; i < 32; i++)
		EXPECT_EQ(a[i].pfn(), b[i].pfn()) << "page " << i;

	region later(32);

	later.fill_unique(2000);
	later.mergeable();
	scan();
	EXPECT_EQ(truth_of(later).total(), later.pages());
	EXPECT_EQ(pagemap(later)[5].pfn(), a[5].pfn());
}

} /* namespace ksm */
