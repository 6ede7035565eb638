// SPDX-License-Identifier: GPL-2.0
/*
 * A guest writes numbers to its memory and reads them back, while ksmd asks KVM about that
 * memory without pause, merges it, and the host does something to it or to the machine.
 * Every page holds what the guest wrote to it last, for the guest and for the host.
 */
#include <atomic>
#include <cstdlib>
#include <functional>
#include <thread>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/fixture.hpp"
#include "support/limits.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"
#include "support/thp.hpp"
#include "support/vm.hpp"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

namespace ksm
{

namespace
{

/* Does something over and over in a thread of its own, while it lives. */
class meanwhile
{
public:
	explicit meanwhile(const std::function<void(std::size_t number)> &work)
		: thread_([this, work] {
			  for (; !done_; usleep(5000))
				  work(times_++);
		  })
	{
	}
	~meanwhile()
	{
		done_ = true;
		thread_.join();
	}
	meanwhile(const meanwhile &) = delete;
	meanwhile &operator=(const meanwhile &) = delete;

	std::size_t times() const { return times_; }

private:
	std::atomic<bool> done_ = false;
	std::atomic<std::size_t> times_ = 0;
	std::thread thread_;
};

/*
 * Blocks as large as a huge page. In each the guest has pairs of pages that are equal but
 * for the numbers in them, and a few pages at the end are the host's to do with as it likes.
 */
class numbered_memory
{
public:
	static constexpr std::size_t numbered = 504, spare = pages_per_huge - numbered;
	enum class pairs_are : std::uint32_t { equal, unequal };

	explicit numbered_memory(std::size_t blocks,
				 region::pages_are kind = region::pages_are::small)
		: blocks_(blocks), memory_(blocks * pages_per_huge, kind)
	{
		for (std::size_t i = 0; i < memory_.pages(); i++)
			memory_.fill(i, seed(i));
		memory_.mergeable();
	}

	const region &memory() const { return memory_; }
	std::size_t blocks() const { return blocks_; }
	char *block(std::size_t which) const { return memory_.page(which * pages_per_huge); }
	page_range spare_of(std::size_t which) const
	{
		return {0, block(which) + numbered * page_size, spare};
	}
	static std::uint32_t address_of(std::size_t page)
	{
		return std::uint32_t(vm::memory_address + page * page_size);
	}

	/* The guest writes new numbers. */
	void write(vm &guest, pairs_are kind)
	{
		for (std::size_t half : {0, 1}) {
			for (std::size_t i = 0; i < blocks_; i++)
				guest.write_numbers(address_of(i * pages_per_huge + half),
						    numbered / 2, 2 * page_size,
						    next_ + std::uint32_t(i * numbered));
			first_[half] = next_;
			if (half || kind == pairs_are::unequal)
				next_ += std::uint32_t(blocks_ * numbered);
		}
	}
	/* Does the guest read what it wrote? */
	bool read(vm &guest) const
	{
		bool right = true;

		for (std::size_t i = 0; i < blocks_; i++) {
			std::size_t from = i * pages_per_huge;
			std::uint32_t sum = 0;

			for (std::size_t page = from; page < from + numbered; page++)
				sum += number_of(page);
			right &= guest.read(address_of(from), numbered, page_size) == sum;
		}
		return right;
	}
	/* Pages that hold something else, by the host's own mapping. */
	std::size_t wrong() const
	{
		std::size_t pages = 0;

		for (std::size_t i = 0; i < memory_.pages(); i++)
			pages += i % pages_per_huge < numbered && !holds(i);
		return pages;
	}

private:
	static std::uint64_t seed(std::size_t page) { return 1 + page / 2; }
	std::uint32_t number_of(std::size_t page) const
	{
		return first_[page % 2] +
		       std::uint32_t(page / pages_per_huge * numbered + page % pages_per_huge / 2);
	}
	bool holds(std::size_t page) const
	{
		const volatile std::uint64_t *words = memory_.words(page);
		bool right = std::uint32_t(words[0]) == number_of(page) &&
			     words[0] >> 32 == word_of(seed(page), 0) >> 32;

		for (std::size_t i = 1; i < words_per_page; i++)
			right &= words[i] == word_of(seed(page), i);
		return right;
	}

	std::size_t blocks_;
	std::uint32_t next_ = 0;
	std::uint32_t first_[2] = {};
	region memory_;
};

/*
 * Rounds of writes beside ksmd and beside what the host does, and more until something was
 * merged, and the host has done enough.
 */
void expect_kept(numbered_memory &memory, vm &guest,
		 const std::function<void(std::size_t number)> &work,
		 const std::function<bool()> &enough = {})
{
	using pairs_are = numbered_memory::pairs_are;
	constexpr std::size_t least = 5;
	const std::size_t rounds = scaled(8);
	bool merged = false;

	start_ksmd();
	{
		meanwhile host(work);

		for (std::size_t round = 0;
		     round < rounds || host.times() < least || !merged || (enough && !enough());
		     round++)
			for (pairs_are kind : {pairs_are::equal, pairs_are::unequal}) {
				memory.write(guest, kind);
				if (kind == pairs_are::equal) {
					await_scans(3);
					merged |= knob("pages_sharing") > 0;
				}
				ASSERT_TRUE(memory.read(guest)) << "in round " << round;
				ASSERT_EQ(memory.wrong(), 0u) << "in round " << round;
			}
	}
	stop_ksmd();
}

} /* namespace */

class guest_races : public ksm_test
{
protected:
	void prepare() override { KSM_SKIP_IF(why_no_vm()); }
};

class huge_guest_races : public thp
{
protected:
	void prepare() override
	{
		KSM_SKIP_IF(why_no_vm());
		thp::prepare();
	}
};

/* Huge pages are made of the guest's memory, split by ksmd, and split by the host. */
TEST_F(huge_guest_races, with_collapses_and_splits)
{
	numbered_memory memory(2, region::pages_are::huge);

	KSM_SKIP_IF(why_not_huge(memory.memory(), memory.blocks()));
	fast_khugepaged fast;
	vm guest(memory.memory());
	const long splits = vmstat("thp_split_pmd");
	std::atomic<bool> collapsed = false;

	auto collapse_or_split = [&](std::size_t number) {
		std::size_t which = number % memory.blocks();
		page_range spare = memory.spare_of(which);
		char *part = memory.block(which) + number % 300 * page_size;
		constexpr std::size_t part_size = 100 * page_size;
		long kb;

		switch (number / memory.blocks() % 3) {
		case 0:
			/* Not where a page is busy; and ksmd may split it at once. */
			kb = smaps_kb(memory.block(which), "AnonHugePages");
			madvise(memory.block(which), huge_size, MADV_COLLAPSE);
			if (smaps_kb(memory.block(which), "AnonHugePages") > kb)
				collapsed = true;
			break;
		case 1:
			EXPECT_EQ(madvise(part, part_size, MADV_NOHUGEPAGE), 0);
			usleep(1000);
			EXPECT_EQ(madvise(part, part_size, MADV_HUGEPAGE), 0);
			break;
		case 2:
			EXPECT_EQ(mmap(spare.page(0), spare.pages() * page_size,
				       PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
				  spare.page(0));
			for (int advice : {MADV_HUGEPAGE, MADV_MERGEABLE})
				EXPECT_EQ(madvise(spare.page(0), spare.pages() * page_size, advice),
					  0);
			break;
		}
	};

	expect_kept(memory, guest, collapse_or_split,
		    [&] { return collapsed && vmstat("thp_split_pmd") > splits; });
}

/* A child has the memory as it was, however the guest goes on. */
TEST_F(guest_races, with_forks)
{
	numbered_memory memory(1);
	vm guest(memory.memory());

	expect_kept(memory, guest, [&](std::size_t) {
		const region &pages = memory.memory();
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			std::uint64_t sums[2] = {};

			for (std::uint64_t &sum : sums) {
				for (std::size_t i = 0; i < pages.pages(); i++)
					sum = 31 * sum + *pages.words(i);
				usleep(2000);
			}
			_exit(sums[0] != sums[1]);
		}
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		EXPECT_EQ(status, 0) << "a child's memory has changed";
	});
}

/* Another machine of the same memory comes and goes, and has the last pages to itself. */
TEST_F(guest_races, with_machines_that_come_and_go)
{
	numbered_memory memory(1);
	vm guest(memory.memory());

	expect_kept(memory, guest, [&](std::size_t number) {
		constexpr std::uint32_t count = memory.spare;
		const std::uint32_t all = std::uint32_t(memory.memory().pages());
		const std::uint32_t spare = memory.address_of(all - count);
		vm other(memory.memory());

		other.write(spare, count, page_size, std::uint32_t(number));
		other.read(vm::memory_address, all, page_size);
		EXPECT_EQ(other.read(spare, count, page_size), std::uint32_t(count * number));
	});
}

/* Another slot of the same memory comes and goes, and is logged meanwhile. */
TEST_F(guest_races, with_slots_that_come_and_go)
{
	constexpr unsigned alias = vm::memory_slot + 1;
	numbered_memory memory(1);
	vm guest(memory.memory());

	expect_kept(memory, guest, [&](std::size_t) {
		guest.add_slot(alias, 2 * vm::memory_address, memory.memory());
		guest.log_dirty(alias, true);
		guest.log_dirty(alias, false);
		guest.delete_slot(alias);
	});
}

} /* namespace ksm */
