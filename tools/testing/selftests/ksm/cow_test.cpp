// SPDX-License-Identifier: GPL-2.0
/* A write gets a private copy, a read costs nothing. */
#include <cstring>

#include <fcntl.h>
#include <sys/resource.h>
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

class cow : public ksm_test
{
protected:
	/* NUMA balancing, or a page that migrates, may cost one now and then. */
	static constexpr long odd_faults = 8;

	static long minor_faults()
	{
		struct rusage use;

		getrusage(RUSAGE_SELF, &use);
		return use.ru_minflt;
	}
	/* One word of each page, so that nothing but these pages is touched. */
	static std::uint64_t read_through(const region &memory)
	{
		std::uint64_t sum = 0;

		for (std::size_t i = 0; i < memory.pages(); i++)
			sum += *memory.words(i);
		return sum;
	}
};

TEST_F(cow, write_gets_a_private_copy)
{
	region memory(32);

	memory.fill_all(1);
	memory.mergeable();
	scan();
	ASSERT_EQ(truth_of(memory).frames(), 1u);

	std::uint64_t frame = pagemap_of(memory.page(0)).pfn();

	memory.words(5)[17] = 42;
	EXPECT_NE(pagemap_of(memory.page(5)).pfn(), frame);
	EXPECT_FALSE(is_ksm_page(memory.page(5)));
	EXPECT_EQ(page_map_count(pagemap_of(memory.page(5)).pfn()), 1u);
	for (std::size_t word = 0; word < words_per_page; word++)
		ASSERT_EQ(memory.words(5)[word], word == 17 ? 42 : word_of(1, word));
	for (std::size_t i = 0; i < memory.pages(); i++) {
		if (i != 5) {
			EXPECT_TRUE(memory.holds(i, 1) && pagemap_of(memory.page(i)).pfn() == frame)
				<< "page " << i;
		}
	}
}

TEST_F(cow, last_sharer_still_copies)
{
	region memory(2);

	memory.fill_all(2);
	memory.mergeable();
	scan();
	ASSERT_EQ(truth_of(memory).total(), 2u);

	std::uint64_t frame = pagemap_of(memory.page(0)).pfn();

	memory.words(0)[0] = 1;
	EXPECT_EQ(smaps_kb(memory.data(), "KSM"), 4);
	EXPECT_EQ(pagemap_of(memory.page(1)).pfn(), frame);
	memory.words(1)[0] = 2;
	EXPECT_FALSE(is_ksm_page(memory.page(1)));
	EXPECT_EQ(memory.words(0)[0], 1u);
	EXPECT_EQ(memory.words(1)[0], 2u);
	EXPECT_EQ(memory.words(1)[1], word_of(2, 1));
}

TEST_F(cow, reads_never_fault)
{
	region memory(256);

	memory.fill_all(3);
	memory.mergeable();

	std::uint64_t sum = read_through(memory); /* also brings in this code */

	scan();
	ASSERT_EQ(truth_of(memory).total(), memory.pages());

	auto before = pagemap(memory);
	long faults = minor_faults();
	std::uint64_t again = read_through(memory);

	EXPECT_LE(minor_faults() - faults, odd_faults);
	EXPECT_EQ(again, sum);

	auto after = pagemap(memory);

	for (std::size_t i = 0; i < memory.pages(); i++)
		EXPECT_EQ(before[i].pfn(), after[i].pfn());
}

/* Reading pages that ksmd has seen but not merged costs no fault either. */
TEST_F(cow, reads_of_scanned_pages_never_fault)
{
	region memory(256);

	memory.fill_unique(100);
	memory.mergeable();

	std::uint64_t sum = read_through(memory);

	scan(4);

	long faults = minor_faults();
	std::uint64_t again = read_through(memory);

	EXPECT_LE(minor_faults() - faults, odd_faults);
	EXPECT_EQ(again, sum);
}

TEST_F(cow, one_fault_for_each_broken_page)
{
	region memory(128);

	memory.fill_all(4);
	memory.mergeable();
	scan();
	ASSERT_EQ(truth_of(memory).total(), memory.pages());

	long count = has_vmstat("cow_ksm") ? vmstat("cow_ksm") : -1;
	long faults = minor_faults();

	for (std::size_t i = 0; i < memory.pages(); i++)
		memory.words(i)[0] = i;
	faults = minor_faults() - faults;
	EXPECT_GE(faults, long(memory.pages()));
	EXPECT_LE(faults, long(memory.pages()) + odd_faults);
	if (count >= 0) {
		EXPECT_EQ(vmstat("cow_ksm") - count, long(memory.pages()));
	}
	EXPECT_EQ(truth_of(memory).total(), 0u);
	for (std::size_t i = 0; i < memory.pages(); i++) {
		ASSERT_EQ(memory.words(i)[0], i);
		ASSERT_EQ(memory.words(i)[1], word_of(4, 1));
	}
}

TEST_F(cow, write_is_private_to_the_writing_process)
{
	region memory(16);

	memory.fill_all(5);
	memory.mergeable();
	scan();
	child other([&](parent_link &parent) {
		parent.reach("forked");
		memory.fill_all(6);
		parent.reach("written");
		require(memory.strangers(6) == 0, "the child lost what it wrote");
	});

	other.reach("forked");
	other.await("written");
	EXPECT_EQ(memory.strangers(5), 0u);
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
	other.go_on("written");
	other.join();
	EXPECT_EQ(memory.strangers(5), 0u);
}

/* A copy that was broken out is as good a candidate as any other page. */
TEST_F(cow, broken_page_merges_again)
{
	region memory(16);

	memory.fill_all(7);
	memory.mergeable();
	scan();
	memory.fill(3, 8);
	memory.fill(3, 7);
	EXPECT_FALSE(is_ksm_page(memory.page(3)));
	scan();
	EXPECT_TRUE(is_ksm_page(memory.page(3)));
	EXPECT_EQ(truth_of(memory).frames(), 1u);
	EXPECT_EQ(memory.strangers(7), 0u);
}

/* The kernel's own writes (here: read(2) into the page) break the share too. */
TEST_F(cow, write_by_the_kernel)
{
	region memory(8);
	int ends[2];

	memory.fill_all(9);
	memory.mergeable();
	scan();
	ASSERT_EQ(truth_of(memory).total(), memory.pages());
	ASSERT_EQ(pipe(ends), 0);
	ASSERT_EQ(write(ends[1], "abcdefgh", 8), 8);
	ASSERT_EQ(read(ends[0], memory.page(2) + 800, 8), 8);
	close(ends[0]);
	close(ends[1]);
	EXPECT_EQ(memcmp(memory.page(2) + 800, "abcdefgh", 8), 0);
	EXPECT_FALSE(is_ksm_page(memory.page(2)));
	for (std::size_t i = 0; i < memory.pages(); i++)
		if (i != 2) {
			EXPECT_TRUE(memory.holds(i, 9)) << "page " << i;
		}
}

/* And so does a debugger's write through /proc/PID/mem. */
TEST_F(cow, write_through_proc_mem)
{
	region memory(8);

	memory.fill_all(10);
	memory.mergeable();
	child other([&](parent_link &parent) {
		parent.reach("forked");
		require(memory.words(1)[0] == 77, "the write did not come in");
		for (std::size_t i = 2; i < memory.pages(); i++)
			require(memory.holds(i, 10), "the write hit another page");
	});

	other.await("forked");
	scan();
	ASSERT_EQ(truth_of(memory).total(), memory.pages());

	std::string path = "/proc/" + std::to_string(other.pid()) + "/mem";
	int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
	std::uint64_t value = 77;

	ASSERT_GE(fd, 0);
	EXPECT_EQ(pwrite(fd, &value, sizeof(value), off_t(memory.page(1))), ssize_t(sizeof(value)));
	close(fd);
	EXPECT_FALSE(is_ksm_page(memory.page(1), other.pid()));
	other.go_on("forked");
	other.join();
	EXPECT_EQ(memory.strangers(10), 0u);
}

} /* namespace ksm */
