// SPDX-License-Identifier: GPL-2.0
/* Empty pages go to the zero page, and are counted exactly. */
#include <cerrno>
#include <cstdint>
#include <cstring>

#include <fcntl.h>
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

class zero_page : public ksm_test
{
protected:
	void prepare() override
	{
		count_before_ = knob("ksm_zero_pages");
		set_knob("use_zero_pages", 1);
	}

	long count() const { return knob("ksm_zero_pages") - count_before_; }

private:
	long count_before_ = 0;
};

TEST_F(zero_page, empty_pages_map_the_zero_page)
{
	region memory(64);

	memory.fill_empty();
	memory.fill(10, 1);
	memory.mergeable();
	ASSERT_EQ(truth_of(memory).zero_ptes, 0u);
	scan();
	EXPECT_EQ(truth_of(memory).zero_ptes, 63u);
	EXPECT_EQ(truth_of(memory).total(), 0u);
	EXPECT_EQ(count(), 63);
	EXPECT_EQ(ksm_stat("ksm_zero_pages"), 63);
	EXPECT_EQ(knob("pages_shared"), 0);
	EXPECT_EQ(knob("pages_sharing"), 0);
	for (std::size_t i = 0; i < memory.pages(); i++)
		EXPECT_TRUE(i == 10 ? memory.holds(i, 1) : page_is_zero(memory.page(i)));
}

TEST_F(zero_page, not_unless_asked)
{
	region memory(64);

	set_knob("use_zero_pages", 0L);
	memory.fill_empty();
	memory.mergeable();
	scan();
	EXPECT_EQ(truth_of(memory).zero_ptes, 0u);
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
	EXPECT_EQ(count(), 0);

	/* Those that are merged stay so; new ones take the new way. */
	set_knob("use_zero_pages", 1);
	region late(32);

	late.fill_empty();
	late.mergeable();
	scan();
	EXPECT_EQ(truth_of(late).zero_ptes, late.pages());
	EXPECT_EQ(count(), long(late.pages()));
}

TEST_F(zero_page, write_gets_a_private_page)
{
	region memory(32);

	memory.fill_empty();
	memory.mergeable();
	scan();
	ASSERT_EQ(count(), 32);
	memory.words(4)[100] = 9;
	EXPECT_EQ(count(), 31);
	EXPECT_EQ(ksm_stat("ksm_zero_pages"), 31);
	EXPECT_EQ(memory.words(4)[100], 9u);
	EXPECT_EQ(memory.words(4)[99], 0u);
	EXPECT_FALSE(page_flag(pagemap_of(memory.page(4)).pfn(), kpf_zero_page));
	for (std::size_t i = 0; i < memory.pages(); i++)
		if (i != 4) {
			EXPECT_TRUE(page_is_zero(memory.page(i)));
		}
	memory.words(4)[100] = 0;
	scan();
	EXPECT_EQ(count(), 32);
}

TEST_F(zero_page, unmerge_and_unmap_count_down)
{
	region memory(48);

	memory.fill_empty();
	memory.mergeable();
	scan();
	ASSERT_EQ(count(), 48);
	ASSERT_EQ(madvise(memory.page(0), 8 * page_size, MADV_UNMERGEABLE), 0);
	EXPECT_EQ(count(), 40);
	EXPECT_EQ(truth_of(memory).zero_ptes, 40u);
	ASSERT_EQ(madvise(memory.page(8), 8 * page_size, MADV_DONTNEED), 0);
	EXPECT_EQ(count(), 32);
	ASSERT_EQ(munmap(memory.page(16), 8 * page_size), 0);
	EXPECT_EQ(count(), 24);
	EXPECT_EQ(ksm_stat("ksm_zero_pages"), 24);
	unmerge_all();
	EXPECT_EQ(count(), 0);
	EXPECT_EQ(ksm_stat("ksm_zero_pages"), 0);
	for (std::size_t i = 24; i < memory.pages(); i++)
		EXPECT_TRUE(page_is_zero(memory.page(i)));
}

TEST_F(zero_page, fork_and_exit)
{
	region memory(40);

	memory.fill_empty();
	memory.mergeable();
	scan();
	ASSERT_EQ(count(), 40);
	{
		child other([&](parent_link &parent) {
			parent.reach("forked");
			for (std::size_t i = 0; i < 10; i++)
				memory.words(i)[0] = 5;
			parent.reach("written");
			for (std::size_t i = 10; i < memory.pages(); i++)
				require(page_is_zero(memory.page(i)), "an empty page is not empty");
		});

		other.await("forked");
		EXPECT_EQ(count(), 80);
		EXPECT_EQ(ksm_stat("ksm_zero_pages", other.pid()), 40);
		other.go_on("forked");
		other.await("written");
		EXPECT_EQ(count(), 70);
		EXPECT_EQ(ksm_stat("ksm_zero_pages", other.pid()), 30);
		EXPECT_EQ(ksm_stat("ksm_zero_pages"), 40);
		other.go_on("written");
	}
	EXPECT_EQ(count(), 40);
}

TEST_F(zero_page, fork_and_exec)
{
	region memory(24);

	memory.fill_empty();
	memory.mergeable();
	scan();
	ASSERT_EQ(count(), 24);
	for (int round = 0; round < 5; round++) {
		child other([](parent_link &) {
			execl("/proc/self/exe", "exec", "--role", "none", nullptr);
		});

		EXPECT_EQ(other.how_it_ended(), "child exited with 127");
		EXPECT_EQ(count(), 24) << "round " << round;
	}
}

/* What a child does not get of a range of its parent. */
struct left_behind {
	const char *name;
	int advice;
};

class fork_of_a_range : public zero_page, public testing::WithParamInterface<left_behind>
{
};

/* Fails on the old engine: fork adds what the range had, and exit cannot take it away. */
TEST_P(fork_of_a_range, that_is)
{
	region memory(24);

	memory.fill_empty();
	memory.mergeable();
	memory.advise(GetParam().advice);
	scan();
	ASSERT_EQ(count(), 24);
	for (int round = 0; round < 3; round++) {
		child other([](parent_link &parent) { parent.reach("forked"); });

		other.await("forked");
		EXPECT_EQ(count(), 24);
		EXPECT_EQ(ksm_stat("ksm_zero_pages", other.pid()), 0);
		other.go_on("forked");
		other.join();
		EXPECT_EQ(count(), 24);
	}
}

INSTANTIATE_TEST_SUITE_P(zero_page, fork_of_a_range,
			 testing::Values(left_behind{"not_inherited", MADV_DONTFORK},
					 left_behind{"wiped", MADV_WIPEONFORK}),
			 [](const auto &each) { return each.param.name; });

/* Zero pages that ksmd did not put there are none of its business. */
TEST_F(zero_page, zero_page_mapped_by_a_read)
{
	region memory(16);

	for (std::size_t i = 0; i < memory.pages(); i++)
		ASSERT_EQ(memory.words(i)[0], 0u);
	memory.words(0)[0] = 1;
	memory.mergeable();
	scan(3);
	EXPECT_EQ(count(), 0);
	memory.unmergeable();
	EXPECT_EQ(count(), 0);
	for (std::size_t i = 1; i < memory.pages(); i++)
		EXPECT_TRUE(page_is_zero(memory.page(i)));
}

TEST_F(zero_page, profit_includes_them)
{
	region memory(64);

	memory.fill_empty();
	memory.mergeable();
	scan();
	ASSERT_EQ(count(), 64);
	EXPECT_GT(ksm_stat("ksm_process_profit"), 60 * long(page_size));
	EXPECT_GT(knob("general_profit"), 60 * long(page_size) - (1L << 20))
		<< "metadata may cost something, but not all of it";
}

} /* namespace ksm */
