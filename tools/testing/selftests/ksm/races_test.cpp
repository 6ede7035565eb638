// SPDX-License-Identifier: GPL-2.0
/*
 * Everything that can happen to memory happens to it while
 * ksmd goes over it without pause. What a page holds is checked all along; at the
 * end all counters must agree with the page tables again.
 */
#include <atomic>
#include <cerrno>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include "lib/sysfs.hpp"
#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/ksm_pages.hpp"
#include "support/ktap.hpp"
#include "support/limits.hpp"
#include "support/pagemap.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/program.hpp"
#include "support/region.hpp"

namespace ksm
{

namespace
{

int touch_and_exit()
{
	region own(16);

	own.fill_all(1);
	return own.strangers(1) ? 1 : 0;
}

const role touch_and_exit_role("touch-and-exit", touch_and_exit);

} /* namespace */

class races : public ksm_test
{
protected:
	/*
	 * All quiet again: what is left is counted right. Pages that fork has shared with
	 * this process go when it writes to them, so that takes a look more.
	 */
	static void expect_settled()
	{
		region anchor(4);

		anchor.fill_all(1);
		anchor.mergeable();
		scan(3);
		for (int tries = 0; tries < 5 && !is_counted(); tries++)
			scan(1);

		ksm_truth truth;

		truth.add_process(getpid());
		EXPECT_EQ(merging_pages(), long(truth.total()));

		long inherited = -long(truth.total());

		truth.add_inherited(getpid());
		inherited += long(truth.total());
		EXPECT_EQ(knob("pages_shared"), long(truth.frames()));
		EXPECT_EQ(knob("pages_sharing"), long(truth.extra()));
		EXPECT_EQ(counters::read().tracked(), ksm_stat("ksm_rmap_items") + inherited);
		unmerge_all();
		EXPECT_EQ(counters::read().tracked(), 0);
	}

private:
	static bool is_counted()
	{
		ksm_truth truth;

		truth.add_process(getpid());
		truth.add_inherited(getpid());
		return knob("pages_shared") == long(truth.frames());
	}
};

TEST_F(races, fork_and_exit)
{
	region memory(128);

	for (std::size_t i = 0; i < memory.pages(); i++)
		memory.fill(i, i % 20);
	memory.mergeable();
	start_ksmd();
	for (std::size_t round = 0; round < scaled(40); round++) {
		std::vector<std::unique_ptr<child>> crowd;

		for (std::size_t number = 0; number < 6; number++)
			crowd.push_back(std::make_unique<child>([&, number](parent_link &) {
				for (std::size_t i = number; i < memory.pages(); i += 6)
					memory.fill(i, i % 7);
				for (std::size_t i = 0; i < memory.pages(); i++)
					require(memory.holds(i, i % 6 == number ? i % 7 : i % 20),
						"page " + std::to_string(i));
			}));
		memory.fill(round % memory.pages(), round % memory.pages() % 20);
		for (auto &each : crowd)
			ASSERT_EQ(each->how_it_ended(), "") << "round " << round;
		for (std::size_t i = 0; i < memory.pages(); i++)
			ASSERT_TRUE(memory.holds(i, i % 20)) << "page " << i << ", round " << round;
	}
	stop_ksmd();
	memory.unmergeable();
	expect_settled();
}

/* A whole family dies at once, in the middle of whatever ksmd does with it. */
TEST_F(races, killed_while_being_scanned)
{
	start_ksmd();
	for (std::size_t round = 0; round < scaled(20); round++) {
		std::vector<std::unique_ptr<child>> crowd;

		for (std::size_t number = 0; number < 5; number++)
			crowd.push_back(std::make_unique<child>([](parent_link &parent) {
				region own(256);

				own.fill_all(3);
				own.mergeable();
				parent.tell("writing");
				for (std::uint64_t seed = 4;; seed++)
					for (std::size_t i = 0; i < own.pages(); i++)
						own.fill(i, seed % 5 + i % 3);
			}));
		for (auto &each : crowd)
			each->await("writing");
		usleep(useconds_t(1000 * (round % 7)));
		for (auto &each : crowd)
			each->kill();
	}
	stop_ksmd();
	expect_settled();
}

TEST_F(races, exec)
{
	start_ksmd();
	for (std::size_t round = 0; round < scaled(20); round++) {
		std::vector<std::unique_ptr<child>> crowd;

		for (std::size_t number = 0; number < 3; number++)
			crowd.push_back(std::make_unique<child>([](parent_link &parent) {
				region own(64);

				set_merge(true);
				own.fill_all(1);
				parent.exec_role("touch-and-exit");
			}));
		for (auto &each : crowd)
			ASSERT_EQ(each->how_it_ended(), "") << "round " << round;
	}
	stop_ksmd();
	expect_settled();
}

TEST_F(races, map_and_unmap)
{
	start_ksmd();
	child other([](parent_link &) {
		std::vector<std::thread> threads;
		std::atomic<std::size_t> wrong = 0;

		for (std::size_t number = 0; number < 3; number++)
			threads.emplace_back([&, number] {
				for (std::size_t round = 0; round < scaled(150); round++) {
					region own(8 + (round * 13 + number) % 60);

					own.fill_all(round % 3);
					own.mergeable();
					if (round % 4 == 0)
						usleep(2000);
					wrong += own.strangers(round % 3);
				}
			});
		for (auto &each : threads)
			each.join();
		require(wrong == 0, std::to_string(wrong) + " pages with foreign content");
	});

	other.join();
	stop_ksmd();
	expect_settled();
}

TEST_F(races, move)
{
	constexpr std::size_t pages = 64;
	region here(pages), there(pages);

	here.fill_unique(100);
	for (std::size_t i = 0; i < pages; i += 2)
		here.fill(i, 7);
	here.mergeable();
	start_ksmd();

	char *at = here.data(), *to = there.data();

	for (std::size_t round = 0; round < scaled(300); round++) {
		void *moved = mremap(at, pages * page_size, pages * page_size,
				     MREMAP_MAYMOVE | MREMAP_FIXED, to);

		ASSERT_EQ(moved, to);
		std::swap(at, to);
		/* The place left behind must be there to come back to. */
		ASSERT_NE(mmap(to, pages * page_size, PROT_NONE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
			  MAP_FAILED);
		for (std::size_t i = round % 3; i < pages; i += 3)
			ASSERT_TRUE(page_holds(at + i * page_size, i % 2 ? 100 + i : 7))
				<< "page " << i << ", round " << round;
		if (round % 8 == 0)
			fill_page(at + round / 8 % (pages / 2) * 2 * page_size, 7);
	}
	stop_ksmd();
	ASSERT_EQ(madvise(at, pages * page_size, MADV_UNMERGEABLE), 0);
	expect_settled();
}

TEST_F(races, protect)
{
	region memory(64);

	memory.fill_all(8);
	memory.mergeable();
	start_ksmd();
	for (std::size_t round = 0; round < scaled(400); round++) {
		std::size_t from = round * 5 % 40, count = 1 + round % 20;
		int protection = round % 3 == 0 ? PROT_NONE : PROT_READ;

		ASSERT_EQ(mprotect(memory.page(from), count * page_size, protection), 0);
		if (round % 5 == 0)
			usleep(500);
		ASSERT_EQ(mprotect(memory.page(from), count * page_size, PROT_READ | PROT_WRITE),
			  0);
		memory.fill(from, 9);
		memory.fill(from, 8);
		for (std::size_t i = from; i < from + count; i++)
			ASSERT_TRUE(memory.holds(i, 8)) << "page " << i << ", round " << round;
	}
	stop_ksmd();
	EXPECT_EQ(memory.strangers(8), 0u);
	memory.unmergeable();
	expect_settled();
}

TEST_F(races, dontneed)
{
	region memory(64);

	memory.fill_all(10);
	memory.mergeable();
	start_ksmd();
	for (std::size_t round = 0; round < scaled(400); round++) {
		std::size_t from = round * 11 % 48, count = 1 + round % 16;

		ASSERT_EQ(madvise(memory.page(from), count * page_size, MADV_DONTNEED), 0);
		for (std::size_t i = from; i < from + count; i++)
			ASSERT_TRUE(page_is_zero(memory.page(i))) << "round " << round;
		for (std::size_t i = from; i < from + count; i++)
			memory.fill(i, 10);
		ASSERT_TRUE(memory.holds((round * 17) % memory.pages(), 10)) << "round " << round;
	}
	stop_ksmd();
	EXPECT_EQ(memory.strangers(10), 0u);
	memory.unmergeable();
	expect_settled();
}

TEST_F(races, offer_and_take_back)
{
	region memory(64);

	memory.fill_all(11);
	start_ksmd();
	for (std::size_t round = 0; round < scaled(300); round++) {
		std::size_t from = round * 7 % 48, count = 1 + round % 16;

		ASSERT_EQ(madvise(memory.page(from), count * page_size, MADV_MERGEABLE), 0);
		if (round % 3 == 0)
			usleep(500);
		ASSERT_EQ(madvise(memory.page(from), count * page_size, MADV_UNMERGEABLE), 0);
		ksm_truth truth;

		truth.add({0, memory.page(from), count});
		ASSERT_EQ(truth.total(), 0u) << "round " << round;
		memory.mergeable();
		ASSERT_TRUE(memory.holds(from, 11)) << "round " << round;
	}
	stop_ksmd();
	EXPECT_EQ(memory.strangers(11), 0u);
	memory.unmergeable();
	expect_settled();
}

/* Pages are held and given up while they are written, unmapped, forked and swapped out. */
TEST_F(races, uniform_faults)
{
	KSM_SKIP_IF(why_no_knob("uniform_faults"));
	constexpr std::size_t pages = 64;
	std::size_t rounds = scaled(100);
	std::vector<std::unique_ptr<child>> writers;
	std::atomic<bool> over = false;

	for (std::uint64_t number = 0; number < 3; number++)
		writers.push_back(std::make_unique<child>([=](parent_link &parent) {
			region memory(pages);
			std::vector<std::uint64_t> holds(pages);
			const auto fill = [&](std::size_t i, std::uint64_t seed) {
				memory.fill(i, seed);
				holds[i] = seed;
			};
			const auto check = [&] {
				for (std::size_t i = 0; i < pages; i++)
					require(memory.holds(i, holds[i]), "content changed");
			};

			parent.reach("started");
			/* Half of them are those of the others, too. */
			for (std::size_t i = 0; i < pages; i++)
				fill(i, i % 2 ? i : 1000 * (number + 1) + i);
			memory.mergeable();
			for (std::size_t round = 0; round < rounds; round++) {
				std::size_t at = round * 7 % pages;

				usleep(10000);
				switch (round % 4) {
				case 0:
					fill(at, holds[at] + 100000);
					break;
				case 1:
					madvise(memory.page(at), page_size, MADV_DONTNEED);
					fill(at, at);
					break;
				case 2:
					/* Where there is swap. */
					madvise(memory.data(), memory.bytes(), MADV_PAGEOUT);
					break;
				case 3:
					child heir([&](parent_link &) {
						check();
						fill(at, 1);
						check();
					});
					heir.join();
				}
				check();
			}
		}));
	for (auto &each : writers)
		each->reach("started");
	start_ksmd();
	std::thread switcher([&] {
		for (int i = 1; !over; i++) {
			set_knob("uniform_faults", i % 4 != 3);
			usleep(60000);
			if (i % 3 == 0)
				write_text("/proc/sys/vm/drop_caches", "2");
			if (i % 5 == 0)
				write_text("/proc/sys/vm/compact_memory", "1");
		}
	});
	for (auto &each : writers)
		each->join();
	over = true;
	switcher.join();
	await_that([] { return knob("pages_shared") + knob("pages_uniform") == 0; },
		   "no KSM page without a process");
	set_knob("uniform_faults", 0);
	stop_ksmd();
	expect_settled();
}

/* The knobs are turned while processes write and ksmd runs. */
TEST_F(races, knobs)
{
	std::vector<std::unique_ptr<child>> writers;

	for (std::size_t number = 0; number < 2; number++)
		writers.push_back(std::make_unique<child>([](parent_link &parent) {
			region own(128);

			/* Page i holds the round in which it was its turn, else 0. */
			auto content = [](std::size_t i, std::size_t round) {
				return i % 16 == round % 16 ? round : 0;
			};
			for (std::size_t i = 0; i < own.pages(); i++)
				own.fill(i, content(i, 0));
			own.mergeable();
			parent.tell("writing");
			for (std::size_t round = 1; round < scaled(100); round++)
				for (std::size_t i = 0; i < own.pages(); i++) {
					require(own.holds(i, content(i, round - 1)),
						"page " + std::to_string(i) + ", round " +
							std::to_string(round));
					own.fill(i, content(i, round));
				}
		}));
	for (auto &each : writers)
		each->await("writing");
	start_ksmd();
	for (std::size_t round = 0; round < scaled(30); round++) {
		set_knob("smart_scan", long(round % 2));
		set_knob("use_zero_pages", long(round / 2 % 2));
		set_knob("pages_to_scan", long(1 + round * 37 % 1000));
		set_knob("stable_node_chains_prune_millisecs", long(round % 3));
		if (round % 3 == 0)
			unmerge_all();
		if (round % 3 == 0) {
			/* Free to change while nothing is merged, unless forks hold on. */
			int err = try_knob("max_page_sharing", std::to_string(2 + round % 9));

			EXPECT_TRUE(err == 0 || err == EBUSY) << err;
			if (has_knob("merge_across_nodes")) {
				err = try_knob("merge_across_nodes", round % 2 ? "1" : "0");
				EXPECT_TRUE(err == 0 || err == EBUSY) << err;
			}
		}
		start_ksmd();
		usleep(5000);
		if (round % 5 == 4)
			stop_ksmd();
	}
	stop_ksmd();
	for (auto &each : writers)
		each->join();
	set_knob("pages_to_scan", 10000);
	expect_settled();
}

/* Threads of one process fault on the very pages that ksmd merges. */
TEST_F(races, threads_of_one_process)
{
	constexpr std::size_t threads = 4, each_has = 32;
	region memory(threads * each_has);
	std::vector<std::thread> crowd;
	std::atomic<std::size_t> wrong = 0;

	memory.fill_all(0);
	memory.mergeable();
	start_ksmd();
	for (std::size_t number = 0; number < threads; number++)
		crowd.emplace_back([&, number] {
			for (std::size_t round = 1; round <= scaled(150); round++)
				for (std::size_t i = 0; i < each_has; i++) {
					std::size_t at = number + i * threads;

					wrong += !memory.holds(at, (round - 1) / 3);
					if (round % 3 == 0)
						memory.fill(at, round / 3);
				}
		});
	for (auto &each : crowd)
		each.join();
	stop_ksmd();
	EXPECT_EQ(wrong, 0u);
	memory.unmergeable();
	expect_settled();
}

} /* namespace ksm */
