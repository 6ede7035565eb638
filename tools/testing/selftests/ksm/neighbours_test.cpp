// SPDX-License-Identifier: GPL-2.0
/*
 * Programs that keep their own memory busy without end: what ksmd does for others goes
 * on beside them, and they are not made to pay for its looking.
 */
#include <atomic>
#include <chrono>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "support/child.h"
#include "support/fixture.h"
#include "support/ksm_pages.h"
#include "support/passes.h"
#include "support/process.h"
#include "support/region.h"

namespace ksm
{

namespace
{

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

/* A thread that changes the protection of this memory until its end. */
[[noreturn]] void protect_without_end(char *data, std::size_t bytes)
{
	for (;;)
		for (int protection : {PROT_READ, PROT_READ | PROT_WRITE})
			require(mprotect(data, bytes, protection) == 0, "mprotect");
}

/* TLB shootdowns of all CPUs since boot; -1 where the kernel does not count them. */
long shootdowns()
{
	std::istringstream in(read_text("/proc/interrupts"));
	std::string line, word;
	long sum = 0;

	while (std::getline(in, line)) {
		std::istringstream words(line);

		if (!(words >> word) || word != "TLB:")
			continue;
		for (long count; words >> count;)
			sum += count;
		return sum;
	}
	return -1;
}

std::size_t merged(const child &other, const char *data, std::size_t pages)
{
	ksm_truth truth;

	truth.add(other.pid(), data, pages);
	return truth.total();
}

/* Offers so many pages, of which this many are different. */
void offer(parent_link &parent, std::size_t pages, std::size_t contents)
{
	region own(pages);

	for (std::size_t i = 0; i < pages; i++)
		own.fill(i, 1000000 + i % contents);
	own.mergeable();
	parent.send(reinterpret_cast<std::uint64_t>(own.data()));
	parent.receive();
}

} /* namespace */

class neighbours : public ksm_test
{
protected:
	void as_at_boot() const
	{
		for (const char *name : {"pages_to_scan", "sleep_millisecs", "smart_scan"})
			set_knob(name, knobs_before().value(name));
	}

	/* How long it takes until 4 MiB of pairs are merged; the limit if it takes longer. */
	static clock::duration merge_4_mib(clock::duration limit)
	{
		constexpr std::size_t pages = 1024;
		child bystander([](parent_link &parent) { offer(parent, pages, pages / 2); });
		auto *data = reinterpret_cast<char *>(bystander.receive());
		auto from = clock::now();

		while (clock::now() - from < limit) {
			if (knob("pages_shared") >= long(pages / 2) &&
			    merged(bystander, data, pages) == pages)
				return clock::now() - from;
			std::this_thread::sleep_for(milliseconds(20));
		}
		return limit;
	}
};

/* The other process holds its mappings' locks nearly all the time. */
TEST_F(neighbours, of_a_process_that_calls_mprotect)
{
	constexpr std::size_t pages = 96 * 256;
	child busy([](parent_link &parent) {
		region own(pages);

		own.fill_unique(1);
		own.mergeable();
		parent.meet();
		protect_without_end(own.data(), own.bytes());
	});

	busy.arrived();
	scan(4);
	as_at_boot();
	start_ksmd();
	auto quiet = merge_4_mib(seconds(40));

	busy.release();
	std::this_thread::sleep_for(seconds(1));
	/* The bound is generous: the CPUs may have other things to do, too. */
	auto limit = 3 * quiet + seconds(2);

	EXPECT_LT(merge_4_mib(limit), limit)
		<< "merged in " << std::chrono::duration<double>(quiet).count()
		<< " s while the other was quiet";
	stop_ksmd();
}

/* Only the mapping that is locked is passed over, not those around it. */
TEST_F(neighbours, in_the_same_process)
{
	constexpr std::size_t around = 16, pages = 4096 + 2 * around;
	child other([](parent_link &parent) {
		region own(pages);

		for (std::size_t i = 0; i < around; i++) {
			own.fill(i, i);
			own.fill(pages - 1 - i, i);
		}
		for (std::size_t i = around; i < pages - around; i++)
			own.fill(i, 1000 + i);
		own.mergeable();
		parent.send(reinterpret_cast<std::uint64_t>(own.data()));
		protect_without_end(own.page(around), (pages - 2 * around) * page_size);
	});
	auto *data = reinterpret_cast<char *>(other.receive());

	std::this_thread::sleep_for(milliseconds(100));
	scan(10);
	EXPECT_EQ(merged(other, data, around), around);
	EXPECT_EQ(merged(other, data + (pages - around) * page_size, around), around);
}

/* Others that hold the same as a page that cannot be had are merged with each other. */
TEST_F(neighbours, with_the_content_of_a_busy_page)
{
	constexpr std::size_t pages = 64, size = 8192;
	child busy([](parent_link &parent) {
		region own(size);

		for (std::size_t i = 0; i < size; i++)
			own.fill(i, 1000000 + i);
		own.mergeable();
		parent.meet();
		protect_without_end(own.data(), own.bytes());
	});

	busy.arrived();
	scan(4);
	ASSERT_EQ(knob("pages_unshared"), long(size));
	busy.release();
	std::this_thread::sleep_for(milliseconds(100));
	child one([](parent_link &parent) { offer(parent, pages, pages); });
	child two([](parent_link &parent) { offer(parent, pages, pages); });
	auto *first = reinterpret_cast<char *>(one.receive());
	auto *second = reinterpret_cast<char *>(two.receive());

	scan(12);
	EXPECT_EQ(merged(one, first, pages), pages);
	EXPECT_EQ(merged(two, second, pages), pages);
}

/* Memory that is always written is not cleaned over and over, for nothing. */
TEST_F(neighbours, that_write_without_end)
{
	if (shootdowns() < 0)
		GTEST_SKIP() << "/proc/interrupts has no line TLB";
	if (std::thread::hardware_concurrency() < 2)
		GTEST_SKIP() << "needs two CPUs";
	constexpr std::size_t pages = 16384;
	constexpr long most = 50, duration = 5;
	child writers([](parent_link &parent) {
		region own(pages);
		auto write = [&](std::size_t first) {
			for (std::uint64_t count = 0;; count++)
				for (std::size_t i = first; i < pages; i += 2)
					own.words(i)[0] = count;
		};

		own.fill_unique(1);
		own.mergeable();
		parent.send();
		std::thread second([&] { write(1); });

		write(0);
	});

	writers.arrived();
	as_at_boot();
	start_ksmd();
	/* Until it is known that they do not rest */
	std::this_thread::sleep_for(seconds(10));
	long before = shootdowns();

	std::this_thread::sleep_for(seconds(duration));
	EXPECT_LE((shootdowns() - before) / duration, most) << "TLB shootdowns in a second";
	stop_ksmd();
}

} /* namespace ksm */
