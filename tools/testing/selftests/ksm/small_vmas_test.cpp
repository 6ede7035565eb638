// SPDX-License-Identifier: GPL-2.0
/* Many VMAs within what one page table maps: ksmd looks at several of them at a time. */
#include <atomic>
#include <thread>

#include <sys/mman.h>

#include "support/fixture.hpp"
#include "support/ksm_pages.hpp"
#include "support/passes.hpp"
#include "support/region.hpp"

namespace ksm
{

namespace
{

constexpr std::uint64_t seed = 4000;
constexpr std::size_t many = 200;

/* A VMA of its own for each page. */
void split(const region &memory)
{
	for (std::size_t i = 0; i < memory.pages(); i += 2)
		ASSERT_EQ(mprotect(memory.page(i), page_size, PROT_READ), 0);
}

void expect_pairs(const page_range &one, const page_range &other, std::size_t pairs)
{
	ksm_truth truth = truth_of(one);

	EXPECT_EQ(truth.total(), pairs);
	EXPECT_EQ(truth_of(other).total(), pairs);
	truth.add(other);
	EXPECT_EQ(truth.frames(), pairs);
}

} /* namespace */

class small_vmas : public ksm_test
{
};

/*
 * A VMA that comes to be mergeable is found, wherever it is. The first test: ksmd has seen
 * no other VMA of this process yet.
 */
TEST_F(small_vmas, vmas_that_come_later)
{
	region one(many), two(many), three(many);

	for (const region *memory : {&one, &two, &three})
		memory->fill_unique(seed);
	two.mergeable();
	scan(3);
	one.mergeable();
	scan();
	expect_pairs(one, two, many);
	three.mergeable();
	scan();
	EXPECT_EQ(truth_of(three).total(), many);
	one.unmergeable();
	scan();
	expect_pairs(two, three, many);
}

TEST_F(small_vmas, each_page_is_merged)
{
	region one(many), other(many);

	one.fill_unique(seed);
	other.fill_unique(seed);
	one.mergeable();
	other.mergeable();
	split(one);
	split(other);
	scan();
	expect_pairs(one, other, many);
	EXPECT_EQ(one.strangers_unique(seed), 0u);
	EXPECT_EQ(other.strangers_unique(seed), 0u);
}

/* Side by side at addresses that lie the other way round than their indexes. */
TEST_F(small_vmas, each_at_an_index_of_its_own)
{
	region one(many), other(many), source(many);

	source.fill_unique(seed);
	one.fill_unique(seed);
	source.mergeable();
	one.mergeable();
	for (std::size_t i = 0; i < many; i++)
		ASSERT_EQ(mremap(source.page(i), page_size, page_size,
				 MREMAP_MAYMOVE | MREMAP_FIXED, other.page(many - 1 - i)),
			  other.page(many - 1 - i));
	scan();
	expect_pairs(one, other, many);
	for (std::size_t i = 0; i < many; i++)
		EXPECT_TRUE(other.holds(many - 1 - i, seed + i)) << "page " << i;
}

/* Of three pages in a row one is not to be merged, and one is taken away. */
TEST_F(small_vmas, pages_between_are_left_alone_and_forgotten)
{
	region one(3 * many), other(3 * many);
	std::size_t tracked;

	one.fill_unique(seed);
	other.fill_unique(seed);
	one.mergeable();
	other.mergeable();
	scan();
	expect_pairs(one, other, 3 * many);
	for (std::size_t i = 0; i < 3 * many; i += 3) {
		ASSERT_EQ(madvise(one.page(i), page_size, MADV_UNMERGEABLE), 0);
		ASSERT_EQ(munmap(one.page(i + 1), page_size), 0);
	}
	scan();
	/* The others of those pairs are still there, with one mapping each, or forgotten. */
	for (std::size_t i = 0; i < 3 * many; i++) {
		if (i % 3 == 2)
			EXPECT_TRUE(is_ksm_page(one.page(i))) << "page " << i;
		else if (i % 3 == 0)
			EXPECT_FALSE(is_ksm_page(one.page(i))) << "page " << i;
		if (i % 3 != 1)
			EXPECT_TRUE(one.holds(i, seed + i)) << "page " << i;
	}
	EXPECT_EQ(knob("pages_sharing"), long(many));
	EXPECT_EQ(other.strangers_unique(seed), 0u);
	tracked = std::size_t(knob("pages_shared") + knob("pages_sharing") +
			      knob("pages_unshared") + knob("pages_volatile"));
	EXPECT_EQ(tracked, 3 * many + many);
}

/* No VMA is changed when its pages come to be, nor when they go. */
TEST_F(small_vmas, pages_that_come_later)
{
	region below(1), one(many), above(many), other(many);
	const region &first = one.data() < above.data() ? one : above;
	const region &last = one.data() < above.data() ? above : one;

	other.fill_unique(seed);
	other.mergeable();
	first.mergeable();
	last.mergeable();
	below.mergeable();
	scan(3);
	first.fill_unique(seed);
	scan();
	expect_pairs(first, other, many);
	last.fill_unique(seed);
	scan();
	EXPECT_EQ(truth_of(last).total(), many);
	EXPECT_EQ(last.strangers_unique(seed), 0u);
	first.advise(MADV_DONTNEED);
	scan();
	expect_pairs(last, other, many);
}

TEST_F(small_vmas, split_and_joined_while_they_are_looked_at)
{
	region one(many), other(many);
	std::atomic<bool> stop = false;

	one.fill_unique(seed);
	other.fill_unique(seed);
	one.mergeable();
	other.mergeable();
	split(other);
	start_ksmd();

	std::thread changer([&] {
		for (std::size_t i = 0; !stop; i = (i + 7) % many) {
			mprotect(one.page(i), page_size, PROT_READ);
			madvise(other.page(i), page_size,
				i % 3 ? MADV_MERGEABLE : MADV_UNMERGEABLE);
			mprotect(one.page(i), page_size, PROT_READ | PROT_WRITE);
			one.fill(i, seed + i);
		}
	});

	await_scans(50);
	stop = true;
	changer.join();
	stop_ksmd();
	EXPECT_EQ(one.strangers_unique(seed), 0u);
	EXPECT_EQ(other.strangers_unique(seed), 0u);
	other.mergeable();
	one.protect(PROT_READ | PROT_WRITE);
	scan();
	expect_pairs(one, other, many);
}

} /* namespace ksm */
