// SPDX-License-Identifier: GPL-2.0
/* KSM pages that move to other frames, and walks to all their mappings. */
#include <cerrno>
#include <chrono>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "support/child.hpp"
#include "support/damon.hpp"
#include "support/fixture.hpp"
#include "support/ksm_pages.hpp"
#include "support/limits.hpp"
#include "support/pagemap.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"

namespace ksm
{

class migration : public ksm_test
{
};

TEST_F(migration, merged_pages_move_between_nodes)
{
	KSM_SKIP_IF(why_not_two_nodes());
	region memory(64);

	for (std::size_t i = 0; i < memory.pages(); i++)
		memory.fill(i, i / 8);
	memory.mergeable();
	scan(3);
	ASSERT_EQ(truth_of(memory).frames(), 8u);
	for (int node : {1, 0, 1}) {
		ASSERT_EQ(move_to(memory, node), memory.pages()) << "to node " << node;

		ksm_truth truth = truth_of(memory);

		EXPECT_EQ(truth.frames(), 8u);
		EXPECT_EQ(truth.total(), memory.pages());
		EXPECT_EQ(knob("pages_shared"), 8);
		EXPECT_EQ(knob("pages_sharing"), 56);
		for (std::size_t i = 0; i < memory.pages(); i++)
			ASSERT_TRUE(memory.holds(i, i / 8)) << "page " << i;
	}
	scan(3);
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
	EXPECT_EQ(truth_of(memory).frames(), 8u);

	/* Moved pages are still found by new duplicates. */
	region late(8);

	late.fill_unique(0);
	late.mergeable();
	scan(3);
	for (std::size_t i = 0; i < late.pages(); i++)
		EXPECT_EQ(pagemap_of(late.page(i)).pfn(), pagemap_of(memory.page(8 * i)).pfn());
	for (std::size_t i = 0; i < memory.pages(); i++)
		memory.fill(i, 100 + i);
	EXPECT_EQ(memory.strangers_unique(100), 0u);
	EXPECT_EQ(late.strangers_unique(0), 0u);
}

TEST_F(migration, of_pages_of_two_processes)
{
	KSM_SKIP_IF(why_not_two_nodes());
	region memory(16);

	memory.fill_all(1);
	memory.mergeable();
	child other([&](parent_link &parent) {
		for (std::size_t i = 0; i < memory.pages(); i++)
			memory.fill(i, 1);
		parent.reach("filled");
		require(memory.strangers(1) == 0, "content changed");
		for (std::size_t i = 0; i < memory.pages(); i++)
			require(node_of(memory.page(i)) == 1, "left behind");
	});

	other.await("filled");
	scan(3);
	ksm_truth both = truth_of(memory);

	both.add({memory, other.pid()});
	ASSERT_EQ(both.frames(), 1u);
	ASSERT_EQ(both.total(), 32u);
	move_to(memory, 0);
	ASSERT_EQ(move_to(memory, 1), memory.pages());
	both = truth_of(memory);
	both.add({memory, other.pid()});
	EXPECT_EQ(both.frames(), 1u);
	EXPECT_EQ(both.total(), 32u);
	other.go_on("filled");
	other.join();
	EXPECT_EQ(memory.strangers(1), 0u);
}

/* A KSM page that was moved meets its equals on the node it came to. */
TEST_F(migration, to_a_node_of_its_equals)
{
	KSM_SKIP_IF(why_not_two_nodes());
	set_knob("merge_across_nodes", 0L);
	region mover(8), stayer(8);

	mover.fill_all(2);
	stayer.fill_all(2);
	ASSERT_EQ(move_to(mover, 0), 8u);
	ASSERT_EQ(move_to(stayer, 1), 8u);
	mover.mergeable();
	stayer.mergeable();
	scan(3);
	ksm_truth both = truth_of(mover);

	both.add(stayer);
	ASSERT_EQ(both.frames(), 2u);
	ASSERT_EQ(both.total(), 16u);
	ASSERT_EQ(move_to(mover, 1), 8u);
	scan(4);
	both = truth_of(mover);
	both.add(stayer);
	EXPECT_EQ(both.total(), 16u);
	EXPECT_LE(both.frames(), 2u) << "the two may stay apart, as a chain";
	for (std::size_t i = 0; i < 8; i++)
		EXPECT_TRUE(node_of(mover.page(i)) == 1 && node_of(stayer.page(i)) == 1);
	EXPECT_EQ(knob("pages_shared"), long(both.frames()));
	EXPECT_EQ(knob("pages_sharing"), long(both.extra()));
	EXPECT_EQ(mover.strangers(2) + stayer.strangers(2), 0u);
}

TEST_F(migration, to_and_fro_while_ksmd_runs)
{
	KSM_SKIP_IF(why_not_two_nodes());
	region memory(128);

	for (std::size_t i = 0; i < memory.pages(); i++)
		memory.fill(i, i % 10);
	memory.mergeable();
	start_ksmd();
	for (std::size_t round = 0; round < scaled(100); round++) {
		move_to(memory, int(round % 2));
		memory.fill(round * 13 % memory.pages(), round * 13 % memory.pages() % 10);
	}
	stop_ksmd();
	for (std::size_t i = 0; i < memory.pages(); i++)
		EXPECT_TRUE(memory.holds(i, i % 10)) << "page " << i;
	scan(3);
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
	EXPECT_EQ(knob("pages_shared"), long(truth_of(memory).frames()));
}

TEST_F(migration, compaction)
{
	const std::string file = "/proc/sys/vm/compact_memory";

	if (access(file.c_str(), F_OK))
		GTEST_SKIP() << "this kernel has no CONFIG_COMPACTION";
	region memory(512);

	for (std::size_t i = 0; i < memory.pages(); i++)
		memory.fill(i, i / 2);
	memory.mergeable();
	scan(3);
	ASSERT_EQ(truth_of(memory).frames(), 256u);
	ASSERT_EQ(write_text(file, "1"), 0);
	EXPECT_EQ(truth_of(memory).frames(), 256u);
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
	start_ksmd();
	for (std::size_t round = 0; round < scaled(10); round++) {
		ASSERT_EQ(write_text(file, "1"), 0);
		memory.fill(round % memory.pages(), round % memory.pages() / 2);
	}
	stop_ksmd();
	scan(3);
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
	EXPECT_EQ(knob("pages_shared"), long(truth_of(memory).frames()));
	for (std::size_t i = 0; i < memory.pages(); i++)
		EXPECT_TRUE(memory.holds(i, i / 2)) << "page " << i;
}

/* Idle page tracking sees a read through any of the mappings. */
TEST_F(migration, page_idle)
{
	int fd = open("/sys/kernel/mm/page_idle/bitmap", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		GTEST_SKIP() << "this kernel has no CONFIG_IDLE_PAGE_TRACKING";
	region memory(16);

	memory.fill_all(6);
	memory.mergeable();
	scan(3);
	ASSERT_EQ(truth_of(memory).frames(), 1u);
	std::uint64_t frame = pagemap_of(memory.page(0)).pfn();
	off_t at = off_t(frame / 64 * 8);
	std::uint64_t bit = 1ULL << frame % 64, word = bit;

	ASSERT_EQ(pwrite(fd, &word, sizeof(word), at), ssize_t(sizeof(word)));
	ASSERT_EQ(pread(fd, &word, sizeof(word), at), ssize_t(sizeof(word)));
	ASSERT_TRUE(word & bit) << "could not be made idle";
	ASSERT_TRUE(memory.holds(11, 6));
	ASSERT_EQ(pread(fd, &word, sizeof(word), at), ssize_t(sizeof(word)));
	EXPECT_FALSE(word & bit) << "read, and yet idle";
	close(fd);
}

TEST_F(migration, damon_while_pages_merge)
{
	KSM_SKIP_IF(damon::why_not());
	region memory(256);

	for (std::size_t i = 0; i < memory.pages(); i++)
		memory.fill(i, i / 8);
	memory.mergeable();
	scan(3);

	ksm_truth before = truth_of(memory);

	ASSERT_EQ(before.total(), memory.pages());
	start_ksmd();
	{
		/* A generous margin: most frames that come and go are in there. */
		std::uint64_t first = before.mappings.begin()->first;
		damon watch(first > 4096 ? first - 4096 : 1, before.mappings.rbegin()->first + 4096,
			    damon::action::count_used);
		auto limit = std::chrono::steady_clock::now() + hang_limit();

		for (std::size_t round = 0; round < scaled(200) || !damon::tried(); round++) {
			ASSERT_LT(std::chrono::steady_clock::now(), limit) << "DAMON sees nothing";
			for (std::size_t i = round % 16; i < memory.pages(); i += 16)
				memory.fill(i, i / 8);
			for (std::size_t i = 0; i < memory.pages(); i++)
				ASSERT_TRUE(memory.holds(i, i / 8)) << "page " << i;
		}
	}
	stop_ksmd();
	scan(3);

	ksm_truth truth = truth_of(memory);

	EXPECT_EQ(truth.total(), memory.pages());
	EXPECT_EQ(truth.frames(), 32u);
	EXPECT_EQ(knob("pages_shared"), long(truth.frames()));
	EXPECT_EQ(knob("pages_sharing"), long(truth.extra()));
	for (std::size_t i = 0; i < memory.pages(); i++)
		EXPECT_TRUE(memory.holds(i, i / 8)) << "page " << i;
}

} /* namespace ksm */
