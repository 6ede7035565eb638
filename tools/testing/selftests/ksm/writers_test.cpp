// SPDX-License-Identifier: GPL-2.0
/*
 * Several processes with several threads each keep
 * making and breaking duplicates while ksmd runs flat out. A page must never show
 * anything that its owner did not write into it last.
 *
 * Every page says in each of its words what it is: one of a few contents that all
 * processes use, with a last word that is now and then the page's own. Its owner
 * keeps, in memory that is not offered, what the page should be.
 */
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/ksm_pages.hpp"
#include "support/limits.hpp"
#include "support/pagemap.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"

namespace ksm
{

namespace
{

constexpr std::size_t processes = 3;
constexpr std::size_t writers_each = 2;
constexpr std::size_t pages_each = 192; /* of one process */
constexpr std::size_t contents = 12;

/* What a page should hold; a version is odd while its owner writes to the page. */
struct expectation {
	std::atomic<std::uint64_t> version = 0;
	std::atomic<std::uint64_t> seed = 0;
	std::atomic<std::uint64_t> tail = 0;
};

class random_numbers
{
public:
	explicit random_numbers(std::uint64_t seed)
		: state_(seed * 2654435761u + 88172645463325252ULL)
	{
	}
	std::uint64_t operator()()
	{
		state_ ^= state_ << 13;
		state_ ^= state_ >> 7;
		state_ ^= state_ << 17;
		return state_;
	}

private:
	std::uint64_t state_;
};

bool page_matches(const region &memory, std::size_t index, std::uint64_t seed, std::uint64_t tail)
{
	auto *word = memory.words(index);

	for (std::size_t i = 0; i + 1 < words_per_page; i++)
		if (word[i] != word_of(seed, i))
			return false;
	return word[words_per_page - 1] == tail;
}

std::uint64_t usual_tail(std::uint64_t seed)
{
	return word_of(seed, words_per_page - 1);
}

class workload
{
public:
	workload(std::size_t number, std::size_t operations)
		: number_(number), operations_(operations), memory_(pages_each),
		  expected_(pages_each)
	{
		for (std::size_t i = 0; i < pages_each; i++)
			write(i, i % contents, usual_tail(i % contents));
		memory_.mergeable();
	}

	void run()
	{
		std::vector<std::thread> writers;
		std::thread reader([&] { read_all_along(); });

		for (std::size_t which = 0; which < writers_each; which++)
			writers.emplace_back([&, which] { write_at_random(which); });
		for (auto &writer : writers)
			writer.join();
		done_ = true;
		reader.join();
		report();
	}

	void check() const
	{
		for (std::size_t i = 0; i < pages_each; i++)
			require(matches(i),
				"page " + std::to_string(i) + " has changed in the end");
	}

private:
	bool matches(std::size_t i) const
	{
		return page_matches(memory_, i, expected_[i].seed, expected_[i].tail);
	}
	void write(std::size_t i, std::uint64_t seed, std::uint64_t tail)
	{
		expectation &page = expected_[i];

		page.version++;
		if (page.seed != seed || page.version == 1)
			memory_.fill(i, seed);
		memory_.words(i)[words_per_page - 1] = tail;
		page.seed = seed;
		page.tail = tail;
		page.version++;
	}
	/* Each writer has the pages whose number it is, modulo the writers. */
	void write_at_random(std::size_t which)
	{
		random_numbers next(number_ * writers_each + which + 1);

		for (std::size_t n = 0; n < operations_ && !wrong_; n++) {
			std::size_t i = next() % (pages_each / writers_each) * writers_each + which;
			std::uint64_t seed = next() % contents;
			bool own_tail = next() % 4 == 0;

			if (!matches(i))
				wrong_ = i + 1;
			write(i, seed, own_tail ? next() : usual_tail(seed));
		}
	}
	/* Reads race with the writers, and count only if the page stood still. */
	void read_all_along()
	{
		random_numbers next(number_ + 1000);

		while (!done_ && !wrong_) {
			std::size_t i = next() % pages_each;
			std::uint64_t version = expected_[i].version;
			bool good = matches(i);

			if (!good && version % 2 == 0 && expected_[i].version == version)
				wrong_ = i + 1;
			reads_++;
			std::this_thread::yield();
		}
	}
	void report() const
	{
		require(wrong_ == 0, "page " + std::to_string(wrong_ - 1) + " of process " +
					     std::to_string(number_) + " held what nobody wrote");
		require(reads_ > 0, "the reader never came to read");
	}

	std::size_t number_;
	std::size_t operations_;
	region memory_;
	std::vector<expectation> expected_;
	std::atomic<bool> done_ = false;
	std::atomic<std::size_t> wrong_ = 0;
	std::atomic<std::size_t> reads_ = 0;
};

} /* namespace */

class writers : public ksm_test
{
protected:
	/* Runs the load on all processes; gives how often sharing was seen meanwhile. */
	static std::size_t run_all(std::size_t operations)
	{
		std::vector<std::unique_ptr<child>> crowd;
		std::size_t seen = 0;

		for (std::size_t number = 0; number < processes; number++)
			crowd.push_back(std::make_unique<child>([=](parent_link &parent) {
				workload load(number, operations);

				parent.reach("offered");
				load.run();
				parent.reach("written");
				load.check();
				parent.reach("checked");
				load.check();
			}));
		for (auto &each : crowd)
			each->await("offered");
		start_ksmd();
		await_scans(3);
		seen += knob("pages_sharing") > 0;
		for (auto &each : crowd)
			each->go_on("offered");
		for (auto &each : crowd)
			each->await("written");
		stop_ksmd();
		for (auto &each : crowd)
			each->go_on("written");
		for (auto &each : crowd)
			each->await("checked");
		expect_exact(crowd);
		for (auto &each : crowd)
			each->go_on("checked");
		return seen;
	}

	/*
	 * After the storm two passes merge the rest, and the counters are exact. With
	 * smart_scan, what was always written to is left alone for up to 16 passes.
	 */
	static void expect_exact(const std::vector<std::unique_ptr<child>> &crowd)
	{
		scan(knob("smart_scan") ? 3 * 16 : 3);

		ksm_truth truth;
		long mappings = 0;

		for (const auto &each : crowd) {
			truth.add_process(each->pid());
			mappings += smaps_ksm_pages(each->pid());
		}
		/* Writers have left some KSM pages with one mapping. */
		EXPECT_EQ(knob("pages_sharing"), long(truth.extra()));
		EXPECT_EQ(knob("pages_shared") + knob("pages_sharing"), mappings);
		if (kpageflags_knows_ksm()) {
			EXPECT_EQ(knob("pages_shared"), long(truth.frames()));
		}
		EXPECT_GT(truth.total(), processes * pages_each / 2);
		EXPECT_EQ(counters::read().tracked(),
			  long(processes * pages_each) - long(truth.zero_ptes));
	}
};

TEST_F(writers, content_is_what_was_written_last)
{
	EXPECT_EQ(run_all(scaled(80000)), 1u) << "nothing was merged, so nothing was tested";
}

TEST_F(writers, with_few_sharers_per_page)
{
	set_knob("max_page_sharing", 3);
	set_knob("stable_node_chains_prune_millisecs", 0L);
	EXPECT_EQ(run_all(scaled(15000)), 1u) << "nothing was merged, so nothing was tested";
}

TEST_F(writers, with_smart_scan)
{
	set_knob("smart_scan", 1);
	EXPECT_EQ(run_all(scaled(15000)), 1u) << "nothing was merged, so nothing was tested";
}

} /* namespace ksm */
