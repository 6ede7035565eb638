// SPDX-License-Identifier: GPL-2.0
/* Memory with KSM pages is taken offline, and comes back. */
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <unistd.h>

#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/ksm_pages.hpp"
#include "support/memory_block.hpp"
#include "support/pagemap.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"

namespace ksm
{

class hotplug : public ksm_test
{
protected:
	static constexpr std::size_t pages = huge_size / page_size, copies = 4;

	void prepare() override;
	void TearDown() override
	{
		if (block_ && !was_online_) {
			EXPECT_EQ(block_->take_offline(), "") << block_->name();
		}
		ksm_test::TearDown();
	}

	static std::uint64_t seed(std::size_t page) { return page / copies; }
	/* Merged memory that is in the block for the most part. */
	std::unique_ptr<region> merged_memory() const;
	static void expect_content(const region &memory)
	{
		for (std::size_t i = 0; i < memory.pages(); i++)
			ASSERT_TRUE(memory.holds(i, seed(i))) << "page " << i;
	}
	static void expect_merged(const region &memory)
	{
		ksm_truth truth = truth_of(memory);

		EXPECT_EQ(truth.total(), pages);
		EXPECT_EQ(truth.frames(), pages / copies);
		EXPECT_EQ(knob("pages_shared"), long(truth.frames()));
		EXPECT_EQ(knob("pages_sharing"), long(truth.extra()));
		EXPECT_EQ(merging_pages(), long(pages));
	}

	std::optional<memory_block> block_;

private:
	bool was_online_ = true;

	std::size_t pages_in_block(const region &memory) const
	{
		std::size_t count = 0;

		for (const auto &page : pagemap(memory))
			count += block_->holds(page.pfn());
		return count;
	}
};

/* Finds a block that can be taken offline and put online while nothing is merged. */
void hotplug::prepare()
{
	for (auto &block : memory_block::all_movable()) {
		bool was_online = block.is_online();

		if (was_online && !block.take_offline().empty())
			continue;
		ASSERT_EQ(block.put_online(), 0) << block.name();
		block_ = block;
		was_online_ = was_online;
		return;
	}
	GTEST_SKIP() << memory_block::none;
}

std::unique_ptr<region> hotplug::merged_memory() const
{
	std::vector<std::unique_ptr<region>> others;
	std::unique_ptr<region> memory;

	block_->prefer();
	do {
		require(free_pages() > long(8 * pages), block_->name() + " is full");
		if (memory)
			others.push_back(std::move(memory));
		/* One huge page, if there is one: so they are soon found. */
		memory = std::make_unique<region>(pages, region::pages_are::huge);
		for (std::size_t i = 0; i < pages; i++)
			memory->words(i)[0] = 1;
	} while (pages_in_block(*memory) < pages / 2);
	prefer_node(-1);
	memory->advise(MADV_NOHUGEPAGE);
	/* What takes the block offline is to be no further mapping. */
	memory->advise(MADV_DONTFORK);
	for (std::size_t i = 0; i < pages; i++)
		memory->fill(i, seed(i));
	memory->mergeable();
	/* The old engine splits first and merges in later passes. */
	scan(6);
	expect_merged(*memory);
	return memory;
}

TEST_F(hotplug, merged_pages_leave_a_block)
{
	std::unique_ptr<region> merged = merged_memory();
	const region &memory = *merged;
	auto frames_there = [&] {
		std::size_t count = 0;

		for (const auto &[frame, mappings] : truth_of(memory).mappings)
			count += block_->holds(frame);
		return count;
	};

	EXPECT_GT(frames_there(), 0u);
	ASSERT_EQ(block_->take_offline(), "") << block_->name();
	EXPECT_FALSE(block_->is_online());
	EXPECT_EQ(frames_there(), 0u);
	expect_merged(memory);
	expect_content(memory);

	/* The pages that have moved are still found by new duplicates. */
	region late(pages / copies);

	late.fill_unique(0);
	late.mergeable();
	scan(3);

	auto theirs = pagemap(late), ours = pagemap(memory);

	for (std::size_t i = 0; i < late.pages(); i++)
		ASSERT_EQ(theirs[i].pfn(), ours[i * copies].pfn()) << "page " << i;
	late.unmergeable();

	EXPECT_EQ(block_->put_online(), 0);
	EXPECT_TRUE(block_->is_online());
	scan(3);
	expect_merged(memory);
	expect_content(memory);

	/* All of it can be written again. */
	for (std::size_t i = 0; i < memory.pages(); i++)
		memory.fill(i, 100000 + i);
	EXPECT_EQ(memory.strangers_unique(100000), 0u);
	EXPECT_EQ(late.strangers_unique(0), 0u);
}

/* ksmd stands back meanwhile, then finds everything as it was. */
TEST_F(hotplug, while_ksmd_runs)
{
	std::unique_ptr<region> merged = merged_memory();
	const region &memory = *merged;

	start_ksmd();
	for (std::size_t round = 0; round < scaled(20) + 2; round++) {
		ASSERT_EQ(block_->take_offline(), "") << block_->name() << ", round " << round;
		for (std::size_t i = round; i < memory.pages(); i += 16)
			memory.fill(i, seed(i));
		await_scans(1);
		ASSERT_EQ(block_->put_online(), 0) << block_->name() << ", round " << round;
		/* Some of it goes back there. */
		for (std::size_t i = round; i < memory.pages(); i += 4)
			memory.fill(i, seed(i));
	}
	stop_ksmd();
	expect_content(memory);
	scan(3);
	expect_merged(memory);
	unmerge_all();
	EXPECT_EQ(truth_of(memory).total(), 0u);
	EXPECT_EQ(counters::read().tracked(), 0);
	expect_content(memory);
}

/* Pages that only a child maps, while who has merged them is gone, leave a block, too. */
TEST_F(hotplug, pages_that_only_a_child_maps)
{
	child first([this](parent_link &parent) {
		std::unique_ptr<region> memory = merged_memory();

		require(truth_of(*memory).total() == pages, "not all has merged");
		memory->advise(MADV_DOFORK);
		pid_t heir = fork();

		require(heir >= 0, "fork");
		if (heir > 0)
			_exit(0);
		for (;;) {
			std::uint64_t there = 0, strangers = 0;

			for (const auto &page : pagemap(*memory))
				there += block_->holds(page.pfn());
			for (std::size_t i = 0; i < pages; i++)
				strangers += !memory->holds(i, seed(i));
			parent.tell("in the block", there);
			parent.reach("strangers", strangers);
		}
	});

	EXPECT_GT(first.await("in the block"), 0u);
	EXPECT_EQ(first.await("strangers"), 0u);
	ASSERT_EQ(first.how_it_ended(), "");
	EXPECT_EQ(block_->take_offline(), "") << block_->name();
	first.go_on("strangers");
	EXPECT_EQ(first.await("in the block"), 0u) << "pages are left in the block";
	EXPECT_EQ(first.await("strangers"), 0u) << "pages have changed";
	EXPECT_EQ(block_->put_online(), 0);
}

} /* namespace ksm */
