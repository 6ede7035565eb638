// SPDX-License-Identifier: GPL-2.0
/*
 * How often ksmd looks at pages that are always written to, at what price for who
 * writes them, and when it is back at work after a pause.
 */
#include <algorithm>
#include <atomic>
#include <chrono>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/ksm_pages.hpp"
#include "support/passes.hpp"
#include "support/region.hpp"

namespace ksm
{

namespace
{

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr const char *dirty_bit = "/sys/kernel/debug/ksm/dirty_bit";

/* TLB shootdowns that all CPUs have been asked for; -1 if nobody counts them. */
long shootdowns()
{
	std::istringstream lines(read_text("/proc/interrupts"));
	std::string line;

	while (std::getline(lines, line)) {
		std::istringstream words(line);
		std::string name;
		long sum = 0, each;

		if (!(words >> name) || name != "TLB:")
			continue;
		while (words >> each)
			sum += each;
		return sum;
	}
	return -1;
}

/* Empty if there are shootdowns to be counted, else what is missing. */
std::string why_no_shootdowns()
{
	if (shootdowns() < 0)
		return "/proc/interrupts does not count TLB shootdowns";
	if (std::thread::hardware_concurrency() < 2)
		return "needs two CPUs: with one there are no shootdowns";
	return "";
}

/* Which pages of some memory are written to without end: each, or one of so many. */
struct hot_pages {
	std::size_t of_pages, one_of;
};

/* Two threads of one process do it. */
void write_without_end(parent_link &parent, const hot_pages &hot)
{
	region own(hot.of_pages);
	auto write_all = [&](std::size_t first) {
		for (std::uint64_t round = 0;; round++)
			for (std::size_t i = first * hot.one_of; i < own.pages();
			     i += 2 * hot.one_of)
				own.words(i)[0] = round << 32 | i;
	};

	for (std::size_t i = 0; i < own.pages(); i += hot.one_of)
		own.fill(i, 1000 + i);
	own.mergeable();
	std::thread even(write_all, 0), odd(write_all, 1);

	parent.tell("writing");
	even.join();
	odd.join();
}

} /* namespace */

class pace : public ksm_test
{
protected:
	/* Memory that was written to before each of many passes, and then is no more. */
	static void expect_merged_after(unsigned passes)
	{
		constexpr unsigned writes = 40;
		region memory(256);
		stepper ksmd;

		memory.fill_unique(0);
		memory.mergeable();
		for (unsigned pass = 1; pass <= writes; pass++) {
			memory.fill_unique(1000 * pass);
			ksmd.pass();
		}
		memory.fill_all(1);
		for (unsigned pass = 0; pass < passes; pass++)
			ksmd.pass();
		EXPECT_EQ(truth_of(memory).total(), memory.pages());
		EXPECT_EQ(memory.strangers(1), 0u);
	}
	/* How many shootdowns there are in the last of some passes beside endless writers. */
	static long shootdowns_beside_writers(const hot_pages &hot, unsigned first, unsigned last);
	/* Within a time in which the pause would not have come to its end. */
	static void expect_a_pass(long full_scans, const std::string &why);
	static void fall_asleep();
};

long pace::shootdowns_beside_writers(const hot_pages &hot, unsigned first, unsigned last)
{
	/* It hints at pages of all nodes, with a shootdown each time. */
	other_value balancing("/proc/sys/kernel/numa_balancing", "0");
	child writers([&](parent_link &parent) { write_without_end(parent, hot); });

	writers.await("writing");
	start_ksmd();
	await_scans(first);
	long before = shootdowns();

	await_scans(last);
	long after = shootdowns();

	stop_ksmd();
	writers.kill();
	return after - before;
}

TEST_F(pace, what_has_become_stable_is_merged_in_two_passes)
{
	expect_merged_after(2);
}

TEST_F(pace, what_has_become_stable_is_merged_soon_with_smart_scan)
{
	set_knob("smart_scan", 1);
	expect_merged_after(40);
}

TEST_F(pace, endless_writers_are_hardly_interrupted)
{
	KSM_SKIP_IF(why_no_shootdowns());
	constexpr hot_pages hot = {(16UL << 20) / page_size, 1};
	/* By then it is known what is always written to. */
	constexpr unsigned first = 40, last = 64;

	set_knob("pages_to_scan", 100);
	set_knob("sleep_millisecs", 20);
	set_knob("smart_scan", 1);
	EXPECT_LT(shootdowns_beside_writers(hot, first, last), 2 * last);
}

/* Where hardware keeps no dirty bit, a PTE that is cleaned costs the writer a fault. */
TEST_F(pace, no_page_is_cleaned_without_a_dirty_bit)
{
	if (access(dirty_bit, F_OK))
		GTEST_SKIP() << "no " << dirty_bit << ": needs CONFIG_KSM_DEBUG";
	KSM_SKIP_IF(why_no_shootdowns());
	/* Eight pages of each page table, which would be flushed in each pass. */
	constexpr std::size_t tables = 64;
	constexpr hot_pages hot = {tables * (huge_size / page_size), 64};
	constexpr unsigned passes = 16;
	other_value none(dirty_bit, "N");

	EXPECT_LT(shootdowns_beside_writers(hot, 2, passes), tables * passes / 8);
	expect_merged_after(2);
}

void pace::expect_a_pass(long full_scans, const std::string &why)
{
	/* Far less than the pause, and far more than any machine needs. */
	auto limit = clock::now() + std::chrono::minutes(2);

	while (knob("full_scans") < full_scans && clock::now() < limit)
		std::this_thread::sleep_for(milliseconds(10));
	EXPECT_GE(knob("full_scans"), full_scans) << "no pass after " << why;
}

/* ksmd has done all it wants to, and pauses for very long. */
void pace::fall_asleep()
{
	set_knob("sleep_millisecs", 3600000);
	set_knob("pages_to_scan", 1000000);
	long before = knob("full_scans");

	start_ksmd();
	expect_a_pass(before + 1, "the first start");
	while (!ksmd_asleep())
		std::this_thread::sleep_for(milliseconds(1));
}

TEST_F(pace, no_pause_outlasts_a_new_start)
{
	region memory(64);

	memory.fill_unique(1);
	memory.mergeable();
	for (const char *stop : {"2", "0"}) {
		fall_asleep();
		set_knob("run", stop);
		std::this_thread::sleep_for(milliseconds(100));
		long before = knob("full_scans");

		start_ksmd();
		expect_a_pass(before + 1, std::string("run ") + stop + " and 1");
		stop_ksmd();
	}
}

/* The last process goes, and another comes before the pause is over. */
TEST_F(pace, no_sleep_outlasts_a_new_process)
{
	auto offer = [](parent_link &parent) {
		region own(64);

		own.fill_all(1);
		own.mergeable();
		parent.reach("offered");
	};

	set_knob("sleep_millisecs", 3000);
	set_knob("pages_to_scan", 1000000);
	child first(offer);

	first.await("offered");
	start_ksmd();
	await_scans(2);
	first.go_on("offered");
	first.join();
	std::this_thread::sleep_for(milliseconds(300));

	child second(offer);

	second.await("offered");
	for (auto limit = clock::now() + std::chrono::minutes(2);
	     knob("pages_sharing") < 63 && clock::now() < limit;)
		std::this_thread::sleep_for(milliseconds(10));
	EXPECT_EQ(knob("pages_sharing"), 63);
}

TEST_F(pace, no_pause_outlasts_new_work)
{
	region memory(64);
	struct {
		const char *knob;
		std::string value;
	} changes[] = {
		{"use_zero_pages", "1"},
		{"max_page_sharing", "16"},
		{"thp_split_threshold", "100"},
		{"fingerprint", "xxhash"},
	};

	memory.fill_unique(1);
	memory.mergeable();
	fall_asleep();
	for (const auto &[name, value] : changes) {
		if (!has_knob(name))
			continue;
		std::this_thread::sleep_for(milliseconds(100));
		long before = knob("full_scans");

		ASSERT_EQ(try_knob(name, value), 0) << name << " <- " << value;
		expect_a_pass(before + 1, std::string(name) + " <- " + value);
	}
}

} /* namespace ksm */
