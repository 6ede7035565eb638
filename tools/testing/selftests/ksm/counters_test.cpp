// SPDX-License-Identifier: GPL-2.0
/* The counters against the page tables, when all is quiet. */
#include <chrono>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <unistd.h>

#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/ksm_pages.hpp"
#include "support/pagemap.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"
#include "support/vm.hpp"

namespace ksm
{

class count : public ksm_test
{
protected:
	/* What holds of the counters whatever they are, over these processes. */
	static void expect_true(const std::vector<pid_t> &processes)
	{
		ksm_truth truth;
		long merging = 0, items = 0;

		for (pid_t pid : processes) {
			ksm_truth own;

			own.add_process(pid);
			EXPECT_EQ(merging_pages(pid), long(own.total())) << "process " << pid;
			EXPECT_EQ(ksm_stat("ksm_merging_pages", pid), long(own.total()));
			merging += merging_pages(pid);
			items += ksm_stat("ksm_rmap_items", pid);
			truth.add_process(pid);
		}

		counters now = counters::read();

		EXPECT_EQ(now.shared, long(truth.frames()));
		EXPECT_EQ(now.sharing, long(truth.extra()));
		EXPECT_EQ(now.shared + now.sharing, merging);
		EXPECT_EQ(now.tracked(), items);
		for (const auto &[pfn, mappings] : truth.mappings)
			EXPECT_EQ(page_map_count(pfn), mappings) << "PFN " << pfn;
	}
};

TEST_F(count, kinds_of_pages)
{
	/* 40 merged into 10, 50 single ones, 7 that change all the time. */
	region merged(40), single(50), changing(7);
	long zero_before = knob("ksm_zero_pages");
	stepper ksmd;

	for (std::size_t i = 0; i < merged.pages(); i++)
		merged.fill(i, 1000 + i / 4);
	single.fill_unique(2000);
	changing.fill_unique(3000);
	merged.mergeable();
	single.mergeable();
	changing.mergeable();
	for (unsigned round = 0; round < 5; round++) {
		changing.fill_unique(3000 + 100 * round);
		ksmd.pass();
	}

	counters now = counters::read();

	EXPECT_EQ(now.shared, 10);
	EXPECT_EQ(now.sharing, 30);
	EXPECT_EQ(now.unshared, 50);
	EXPECT_EQ(now.unstable, 7);
	EXPECT_EQ(now.zero, zero_before);
	EXPECT_EQ(ksm_stat("ksm_rmap_items"), 97);
	EXPECT_EQ(merging_pages(), 40);
	expect_true({getpid()});
	EXPECT_EQ(changing.strangers_unique(3400), 0u);
}

TEST_F(count, pages_that_become_equal_and_different)
{
	region memory(60);

	memory.fill_unique(100);
	memory.mergeable();
	scan(3);
	EXPECT_EQ(knob("pages_unshared"), 60);
	expect_true({getpid()});

	memory.fill_all(1);
	scan(3);
	EXPECT_EQ(knob("pages_shared"), 1);
	EXPECT_EQ(knob("pages_sharing"), 59);
	EXPECT_EQ(knob("pages_unshared"), 0);
	expect_true({getpid()});

	memory.fill_unique(200);
	scan(3);
	EXPECT_EQ(knob("pages_shared"), 0);
	EXPECT_EQ(knob("pages_sharing"), 0);
	EXPECT_EQ(knob("pages_unshared"), 60);
	EXPECT_EQ(knob("pages_volatile"), 0);
	expect_true({getpid()});
	EXPECT_EQ(memory.strangers_unique(200), 0u);
}

TEST_F(count, several_processes)
{
	std::vector<std::unique_ptr<child>> others;
	std::vector<pid_t> processes;

	for (unsigned number = 0; number < 4; number++) {
		others.push_back(std::make_unique<child>([=](parent_link &parent) {
			region own(100);

			/* 30 that all have, 20 equal within, 50 of its own. */
			for (std::size_t i = 0; i < 100; i++)
				own.fill(i, i < 30   ? i
					    : i < 50 ? 1000 + number
						     : 10000 * (number + 1) + i);
			own.mergeable();
			parent.reach("offered");
		}));
		processes.push_back(others.back()->pid());
	}
	for (auto &other : others)
		other->await("offered");
	scan(3);

	counters now = counters::read();

	EXPECT_EQ(now.shared, 30 + 4);
	EXPECT_EQ(now.sharing, 3 * 30 + 4 * 19);
	EXPECT_EQ(now.unshared, 4 * 50);
	EXPECT_EQ(now.unstable, 0);
	expect_true(processes);

	others[1]->go_on("offered");
	others[1]->join();
	processes.erase(processes.begin() + 1);
	scan(3);
	now = counters::read();
	EXPECT_EQ(now.shared, 30 + 3);
	EXPECT_EQ(now.sharing, 2 * 30 + 3 * 19);
	EXPECT_EQ(now.unshared, 3 * 50);
	expect_true(processes);
}

/* Forks hold shares before ksmd has seen them: after a pass they are counted. */
TEST_F(count, forks_of_merged_pages)
{
	region memory(64);

	for (std::size_t i = 0; i < memory.pages(); i++)
		memory.fill(i, i / 8);
	memory.mergeable();
	scan(3);
	child other([](parent_link &parent) { parent.reach("forked"); });

	other.await("forked");
	EXPECT_EQ(merging_pages(other.pid()), 0) << "nothing of it was scanned yet";
	scan(3);
	EXPECT_EQ(knob("pages_shared"), 8);
	EXPECT_EQ(knob("pages_sharing"), 128 - 8);
	expect_true({getpid(), other.pid()});
	other.go_on("forked");
	other.join();
	scan(3);
	EXPECT_EQ(knob("pages_sharing"), 64 - 8);
	expect_true({getpid()});
}

/* smaps names merged pages, and shared ones are not private. */
TEST_F(count, smaps)
{
	region memory(64);

	for (std::size_t i = 0; i < memory.pages(); i++)
		memory.fill(i, i < 40 ? i / 2 : 100 + i);
	memory.mergeable();
	scan(3);
	EXPECT_EQ(smaps_kb(memory.data(), "KSM"), 40 * 4);
	EXPECT_EQ(smaps_kb(memory.data(), "Rss"), 64 * 4);
	EXPECT_EQ(smaps_kb(memory.data(), "Private_Dirty") +
			  smaps_kb(memory.data(), "Private_Clean"),
		  24 * 4);
	EXPECT_EQ(smaps_kb(memory.data(), "Pss"), 24 * 4 + 20 * 4);
	for (std::size_t i = 0; i < 20; i++)
		memory.fill(2 * i, 200 + i);
	EXPECT_EQ(smaps_kb(memory.data(), "KSM"), 20 * 4);
}

/* Profit is what was saved less what it costs. */
TEST_F(count, profit)
{
	region memory(512);

	memory.fill_all(5);
	memory.mergeable();
	scan(3);

	long saved = (knob("pages_sharing") + knob("ksm_zero_pages")) * long(page_size);

	EXPECT_GE(saved, 509 * long(page_size));
	if (has_knob("metadata_bytes")) {
		EXPECT_EQ(knob("general_profit"), saved - knob("metadata_bytes"));
		EXPECT_GT(knob("metadata_bytes"), 0);
		EXPECT_LT(ksm_stat("ksm_process_profit"), 512 * long(page_size));
		EXPECT_GT(ksm_stat("ksm_process_profit"), 0);
	} else {
		/* The old engine counts its 64-byte items only. */
		EXPECT_EQ(knob("general_profit"), saved - 64 * ksm_stat("ksm_rmap_items"));
		EXPECT_EQ(ksm_stat("ksm_process_profit"),
			  512 * long(page_size) - 64 * ksm_stat("ksm_rmap_items"));
	}
}

TEST_F(count, pages_scanned_only_grows)
{
	region memory(64);
	stepper ksmd;

	memory.fill_unique(300);
	memory.mergeable();
	long before = knob("pages_scanned");

	ksmd.pass();
	ksmd.pass();
	long after = knob("pages_scanned");

	EXPECT_GE(after - before, 64) << "each page was read at least once until it settled";
	unmerge_all();
	EXPECT_GE(knob("pages_scanned"), after);
}

TEST_F(count, full_scans_counts_each_pass)
{
	region memory(64);
	stepper ksmd;

	memory.fill_unique(400);
	memory.mergeable();
	EXPECT_EQ(knob("full_scans"), 0);
	for (long pass = 1; pass <= 5; pass++) {
		ksmd.pass();
		EXPECT_EQ(knob("full_scans"), pass);
	}
}

/*
 * The bit that page-types and others go by. Fails on the old kernel, which sets it
 * on every anonymous page.
 */
TEST_F(count, kpageflags)
{
	region merged(4), single(4);

	merged.fill_all(700);
	single.fill_unique(800);
	merged.mergeable();
	single.mergeable();
	scan(3);
	for (std::size_t i = 0; i < 4; i++) {
		EXPECT_TRUE(page_flag(pagemap_of(merged.page(i)).pfn(), kpf_ksm));
		EXPECT_FALSE(page_flag(pagemap_of(single.page(i)).pfn(), kpf_ksm));
	}
}

/* How long the last pass has taken. */
TEST_F(count, full_scan_msecs)
{
	KSM_SKIP_IF(why_no_knob("full_scan_msecs"));
	region memory(64);

	memory.fill_unique(500);
	memory.mergeable();
	set_knob("sleep_millisecs", 20);
	auto from = std::chrono::steady_clock::now();

	scan(3);
	std::chrono::duration<double, std::milli> all = std::chrono::steady_clock::now() - from;

	/* One of several passes cannot have taken longer than all of them. */
	EXPECT_LE(double(knob("full_scan_msecs")), all.count());
	EXPECT_GE(knob("full_scan_msecs"), 0);
}

/* A range that is no longer offered is no longer tracked, one pass later. */
TEST_F(count, tracked_only_while_offered)
{
	region memory(64), anchor(1);

	memory.fill_unique(600);
	anchor.fill(0, 1);
	memory.mergeable();
	anchor.mergeable();
	scan(3);
	EXPECT_EQ(ksm_stat("ksm_rmap_items"), 65);
	memory.unmergeable();
	scan(3);
	EXPECT_EQ(ksm_stat("ksm_rmap_items"), 1);
	EXPECT_EQ(knob("pages_unshared"), 1);
	EXPECT_EQ(counters::read().tracked(), 1);
}

/* What metadata_bytes says is what the slabs hold. */
TEST_F(count, metadata_bytes_of_the_slabs)
{
	const std::string slab = "/sys/kernel/slab/ksm_block/";

	KSM_SKIP_IF(why_no_knob("metadata_bytes"));
	if (access((slab + "slab_size").c_str(), F_OK))
		GTEST_SKIP() << "no slabs of KSM's own: no CONFIG_SLUB_DEBUG, or slabs are merged";
	/* Slots with their header are 1032 bytes, and a multiple of 8 that is. */
	if (read_text(slab + "object_size") != read_text(slab + "slab_size"))
		GTEST_SKIP() << "slab debugging makes objects larger";
	/* Enough of them: what is free in the slab of a CPU counts as in use. */
	region unique(65536), pairs(16384);

	unique.fill_unique(1000000);
	for (std::size_t i = 0; i < pairs.pages(); i++)
		pairs.fill(i, i / 2);
	unique.mergeable();
	pairs.mergeable();
	scan(3);

	std::istringstream text(read_text("/proc/slabinfo"));
	std::string line, name;
	long active, all, size, bytes = 0;

	while (std::getline(text, line))
		if (std::istringstream words(line);
		    words >> name >> active >> all >> size && name.rfind("ksm_", 0) == 0)
			bytes += active * size;
	EXPECT_NEAR(double(knob("metadata_bytes")) / double(bytes), 1, 0.02);
	/* 34 for an unshared page, and for a mapping as much beside half a node. */
	EXPECT_LE(knob("metadata_bytes"), long(35 * unique.pages() + 99 * pairs.pages()));
}

/*
 * What was once watched by KVM, and is no longer, is not sampled for good: samples are
 * memory, so metadata_bytes tells.
 */
TEST_F(count, no_samples_once_a_virtual_machine_is_closed)
{
	KSM_SKIP_IF(why_no_knob("metadata_bytes"));
	KSM_SKIP_IF(why_no_vm());
	constexpr std::size_t pages = 4096;
	auto metadata = [](bool had_a_machine) {
		child other([=](parent_link &parent) {
			if (had_a_machine) {
				vm machine;
			}
			region own(pages);

			own.fill_unique(1);
			own.mergeable();
			parent.reach("offered");
		});

		other.await("offered");
		scan(4);
		long bytes = knob("metadata_bytes");

		other.go_on("offered");
		other.join();
		start_ksmd();
		await_nothing_tracked();
		stop_ksmd();
		return bytes;
	};
	long without = metadata(false), with = metadata(true);

	EXPECT_GT(without, 0);
	/* Samples of this memory take four bytes a page. */
	EXPECT_LT(with, without + long(pages)) << "sampled";
}

} /* namespace ksm */
