// SPDX-License-Identifier: GPL-2.0
/*
 * The dirty bits of guests' page tables, which ksmd clears, are not lost to others who want
 * to know what was written: the dirty log, swap, and MADV_FREE. And guests' TLBs are
 * flushed, so that later writes set the bits again, but not more often than need be.
 */
#include <sys/mman.h>

#include "support/cgroup.hpp"
#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/guest_pairs.hpp"
#include "support/limits.hpp"
#include "support/pagemap.hpp"
#include "support/passes.hpp"
#include "support/region.hpp"
#include "support/vm.hpp"

namespace ksm
{

class guest_dirty : public ksm_test
{
protected:
	void prepare() override { KSM_SKIP_IF(why_no_vm()); }
};

TEST_F(guest_dirty, pages_are_in_the_log_while_ksmd_runs)
{
	const std::size_t rounds = scaled(100);
	std::size_t written = 0, lost = 0;
	guest_pairs pairs(1024);
	vm guest(pairs.memory());

	pairs.part(guest, pairs.all());
	guest.log_dirty(vm::memory_slot, true);
	start_ksmd();
	for (std::size_t round = 0; round < rounds; round++) {
		auto some = pairs.draw(300);

		if (round % 2)
			pairs.join(guest, some);
		else
			pairs.part(guest, some);
		auto log = guest.dirty_log(vm::memory_slot);

		for (std::size_t i : some)
			lost += !log[i];
		written += some.size();
	}
	stop_ksmd();
	EXPECT_EQ(lost, 0u) << "of " << written << " pages written";
}

/* The log is switched on and off, and what is written while it is on is in it. */
TEST_F(guest_dirty, pages_are_in_a_log_that_comes_and_goes)
{
	const std::size_t rounds = scaled(40);
	std::size_t lost = 0;
	guest_pairs pairs(1024);
	vm guest(pairs.memory());

	pairs.part(guest, pairs.all());
	start_ksmd();
	for (std::size_t round = 0; round < rounds; round++) {
		auto some = pairs.draw(300);

		await_scans(1);
		guest.log_dirty(vm::memory_slot, true);
		pairs.part(guest, some);
		auto log = guest.dirty_log(vm::memory_slot);

		for (std::size_t i : some)
			lost += !log[i];
		guest.log_dirty(vm::memory_slot, false);
	}
	stop_ksmd();
	EXPECT_EQ(lost, 0u);
}

/* A process with a guest, whose memory can be reclaimed. */
class reclaimed_guest : public guest_dirty
{
protected:
	static constexpr std::size_t pages = 1024;

	void prepare() override
	{
		guest_dirty::prepare();
		if (!IsSkipped()) {
			KSM_SKIP_IF(why_no_reclaim());
		}
	}

	/*
	 * The guest writes all pages, ksmd clears the dirty bits, the pages go out; several
	 * times. Before it writes, the host does something to its memory.
	 */
	template <class host_work> static void expect_kept(host_work before_writing)
	{
		const std::uint32_t rounds = 4;
		memory_group group;
		child other([=](parent_link &parent) {
			parent.reach("started");
			region own(pages);
			vm guest(own);

			own.fill_unique(1);
			own.mergeable();
			guest.write(vm::memory_address, pages, page_size, 0);
			parent.reach("offered", own.data());
			for (std::uint32_t round = 1; round <= rounds; round++) {
				before_writing(own);
				guest.write(vm::memory_address, pages, page_size, round);
				parent.reach("written");
				require(guest.read(vm::memory_address, pages, page_size) ==
						pages * round,
					"the guest does not read what it wrote");
				for (std::size_t i = 0; i < pages; i++)
					require(std::uint32_t(*own.words(i)) == round &&
							own.words(i)[1] == word_of(1 + i, 1),
						"page " + std::to_string(i) +
							" does not hold what the guest wrote");
				parent.reach("read");
			}
		});

		group.take_in(other);
		page_range memory(other.pid(), other.await("offered"), pages);
		stepper ksmd;

		guest_pairs::settle(ksmd);
		other.go_on("offered");
		for (std::uint32_t round = 1; round <= rounds; round++) {
			other.await("written");
			guest_pairs::settle(ksmd);
			EXPECT_EQ(group.push_out(memory), pages);
			other.go_on("written");
			other.reach("read");
		}
	}
};

TEST_F(reclaimed_guest, comes_back_as_it_wrote_its_pages)
{
	expect_kept([](const region &) {});
}

TEST_F(reclaimed_guest, keeps_what_it_wrote_to_lazily_freed_pages)
{
	expect_kept([](const region &memory) { memory.advise(MADV_FREE); });
}

/* Reclaim, ksmd and the guest all at once. */
TEST_F(reclaimed_guest, writes_while_ksmd_runs)
{
	const std::uint32_t rounds = std::uint32_t(scaled(60));
	memory_group group;
	child other([=](parent_link &parent) {
		parent.reach("started");
		region own(pages);
		vm guest(own);

		own.fill_unique(1);
		own.mergeable();
		guest.write(vm::memory_address, pages, page_size, 0);
		parent.tell("offered");
		for (std::uint32_t round = 1; round <= rounds; round++) {
			parent.await("round");
			guest.write(vm::memory_address, pages, page_size, round);
			require(guest.read(vm::memory_address, pages, page_size) == pages * round,
				"the guest lost a write of round " + std::to_string(round));
			parent.tell("read");
		}
	});

	group.take_in(other);
	other.await("offered");
	start_ksmd();
	for (std::uint32_t round = 1; round <= rounds; round++) {
		other.go_on("round");
		group.reclaim(pages * page_size / 2);
		other.await("read");
	}
	stop_ksmd();
}

/* Where nested guests are emulated, a flush that is missing might not show otherwise. */
TEST_F(guest_dirty, bits_are_cleared_with_a_flush_for_a_pass)
{
	if (!vm_writes_set_dirty_bits())
		GTEST_SKIP() << "KVM maps guests' memory without dirty bits";
	constexpr unsigned rounds = 10, few = 4;
	guest_pairs pairs(4096);
	vm guest(pairs.memory());
	stepper ksmd;
	auto flushes = [&] { return guest.statistic("remote_tlb_flush_requests"); };

	pairs.settle(guest, ksmd);
	std::uint64_t before = flushes();

	pairs.settle(ksmd);
	EXPECT_EQ(flushes(), before) << "with nothing written";
	for (unsigned round = 0; round < rounds; round++) {
		pairs.part(guest, pairs.draw(1024));
		ksmd.pass();
	}
	/* The last may come when the pages are visited next. */
	ksmd.pass();
	EXPECT_GE(flushes(), before + rounds);
	EXPECT_LE(flushes(), before + rounds * few);
}

} /* namespace ksm */
