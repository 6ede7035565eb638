// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest writes is found in time, though only its own page tables know of it: a
 * byte in a page that had settled makes it equal to another one, and ksmd merges them.
 */
#include <cstring>

#include <unistd.h>

#include "support/fixture.hpp"
#include "support/guest_pairs.hpp"
#include "support/limits.hpp"
#include "support/passes.hpp"
#include "support/region.hpp"
#include "support/thp.hpp"
#include "support/vm.hpp"

namespace ksm
{

class guest_writes : public ksm_test
{
protected:
	void prepare() override { KSM_SKIP_IF(why_no_vm()); }
};

class huge_guest_writes : public thp
{
protected:
	void prepare() override
	{
		KSM_SKIP_IF(why_no_vm());
		thp::prepare();
	}
};

TEST_F(guest_writes, of_one_byte)
{
	const std::size_t rounds = scaled(13);
	std::size_t written = 0, missed = 0;
	guest_pairs pairs(8192);
	vm guest(pairs.memory());
	stepper ksmd;

	pairs.settle(guest, ksmd);
	for (std::size_t round = 0; round < rounds; round++) {
		auto some = pairs.draw(4096);

		pairs.join(guest, some);
		written += some.size();
		missed += pairs.missed_after(ksmd, passes_to_find(), some);
		pairs.part(guest, some);
		pairs.settle(ksmd);
	}
	EXPECT_EQ(missed, 0u) << "of " << written << " writes";
}

TEST_F(huge_guest_writes, of_one_byte)
{
	const std::size_t rounds = scaled(12);
	std::size_t written = 0, missed = 0;

	for (std::size_t round = 0; round < rounds; round++) {
		guest_pairs pairs(8192, region::pages_are::huge);

		KSM_SKIP_IF(why_not_huge(pairs.memory(), 8192 / pages_per_huge));
		vm guest(pairs.memory());
		stepper ksmd;

		pairs.settle(guest, ksmd);
		ASSERT_GT(guest.statistic("pages_2m"), 0u) << "KVM maps no huge page";
		auto some = pairs.draw(4096);

		pairs.join(guest, some);
		written += some.size();
		missed += pairs.missed_after(ksmd, passes_to_find(), some);
	}
	EXPECT_EQ(missed, 0u) << "of " << written << " writes";
}

/* An entry that mapped a huge page speaks of all of it once it maps nothing, too. */
TEST_F(huge_guest_writes, before_the_pages_are_unmapped)
{
	const std::size_t rounds = scaled(4);

	for (std::size_t round = 0; round < rounds; round++) {
		guest_pairs pairs(8192, region::pages_are::huge);

		KSM_SKIP_IF(why_not_huge(pairs.memory(), 8192 / pages_per_huge));
		vm guest(pairs.memory());
		stepper ksmd;

		pairs.settle(guest, ksmd);
		auto some = pairs.draw(4096);

		pairs.join(guest, some);
		pairs.memory().unmap_from_guests();
		EXPECT_EQ(pairs.missed_after(ksmd, passes_to_find(), some), 0u)
			<< "in round " << round;
	}
}

/*
 * While the guest writes somewhere in a huge page its dirty bit says nothing of the other
 * pages: those are sampled, so that it shows when one becomes another altogether.
 */
TEST_F(huge_guest_writes, of_whole_pages_beside_one_that_never_rests)
{
	constexpr std::size_t first = 7, second = pages_per_huge + 9;
	constexpr unsigned passes = 6;
	region memory(2 * pages_per_huge, region::pages_are::huge);

	memory.fill_unique(1);
	memory.mergeable();
	KSM_SKIP_IF(why_not_huge(memory, 2));
	vm guest(memory);
	stepper ksmd;
	auto at = [](std::size_t page) {
		return std::uint32_t(vm::memory_address + page * page_size);
	};
	std::uint32_t value = 0;
	auto pass = [&] {
		guest.write(at(0), 2, std::uint32_t(pages_per_huge * page_size), ++value);
		ksmd.pass();
	};

	for (unsigned i = 0; i < 3 * passes; i++)
		pass();
	ASSERT_EQ(knob("pages_sharing"), 0);
	for (std::size_t page : {first, second})
		guest.write(at(page), page_size / 4, 4, 0x5a5a5a5a);
	for (unsigned i = 0; i < passes; i++)
		pass();
	EXPECT_EQ(knob("pages_sharing"), 1);
}

TEST_F(guest_writes, through_two_machines_with_the_same_memory)
{
	const std::size_t rounds = scaled(6);
	std::size_t missed = 0;
	guest_pairs pairs(2048);
	vm one(pairs.memory()), other(pairs.memory());
	stepper ksmd;

	pairs.settle(one, ksmd);
	pairs.settle(other, ksmd);
	for (std::size_t round = 0; round < rounds; round++) {
		auto some = pairs.draw(1024);
		vm &writer = round % 2 ? one : other;

		pairs.join(writer, some);
		missed += pairs.missed_after(ksmd, passes_to_find(), some);
		pairs.part(one, some);
		pairs.settle(ksmd);
	}
	EXPECT_EQ(missed, 0u);
}

/* As QEMU and vhost do: the dirty bits are those of the process. */
TEST_F(guest_writes, of_the_host_through_its_own_mapping)
{
	guest_pairs pairs(2048);
	vm guest(pairs.memory());
	stepper ksmd;
	int ends[2];

	ASSERT_EQ(pipe(ends), 0);
	pairs.settle(guest, ksmd);
	for (std::size_t i : pairs.all()) {
		char byte = pairs.twins(i);

		if (i % 2) {
			*pairs.differing(i) = byte;
			continue;
		}
		ASSERT_EQ(write(ends[1], &byte, 1), 1);
		ASSERT_EQ(read(ends[0], pairs.differing(i), 1), 1);
	}
	EXPECT_EQ(pairs.missed_after(ksmd, passes_to_find(), pairs.all()), 0u);
	close(ends[0]);
	close(ends[1]);
}

/* It takes the reread of pages that are believed to be unchanged. */
TEST_F(guest_writes, of_the_host_past_all_page_tables)
{
	guest_pairs pairs(256);
	vm guest(pairs.memory());
	stepper ksmd;

	pairs.settle(guest, ksmd);
	pairs.join_past_page_tables(pairs.all());
	EXPECT_EQ(pairs.missed_after(ksmd, passes_if_believed, pairs.all()), 0u);
}

/*
 * What KVM itself puts into the guest's memory when the guest is entered, as it is told
 * to by an MSR. The twin is made equal to it, and does not change when it does.
 */
class kvm_writes : public guest_writes
{
protected:
	static void expect_found(std::uint32_t msr, unsigned passes)
	{
		constexpr std::uint64_t enabled = 1;
		guest_pairs pairs(8);
		vm guest(pairs.memory());
		stepper ksmd;
		auto let_kvm_write = [&](std::size_t page) {
			guest.set_msr(msr, (vm::memory_address + page * page_size) | enabled);
			guest.enter();
		};

		pairs.settle(guest, ksmd);
		for (std::size_t i : pairs.all()) {
			char before[page_size], after[page_size];

			let_kvm_write(i);
			pairs.settle(ksmd);
			std::memcpy(before, pairs.memory().page(i), page_size);
			let_kvm_write(i);
			std::memcpy(after, pairs.memory().page(i), page_size);
			ASSERT_NE(std::memcmp(before, after, page_size), 0) << "KVM wrote nothing";
			std::memcpy(pairs.twins().page(i), after, page_size);
			EXPECT_EQ(pairs.missed_after(ksmd, passes, {i}), 0u) << "page " << i;
			let_kvm_write(i);
			EXPECT_EQ(std::memcmp(pairs.twins().page(i), after, page_size), 0)
				<< "KVM has written to a page that others have, too";
			EXPECT_NE(std::memcmp(pairs.memory().page(i), after, page_size), 0)
				<< "KVM wrote nothing";
		}
	}
};

/* By way of the process's mapping. */
TEST_F(kvm_writes, of_steal_time)
{
	constexpr std::uint32_t msr_kvm_steal_time = 0x4b564d03;

	expect_found(msr_kvm_steal_time, passes_to_find());
}

/* By way of a mapping of the kernel's. */
TEST_F(kvm_writes, of_the_clock)
{
	constexpr std::uint32_t msr_kvm_system_time_new = 0x4b564d01;

	expect_found(msr_kvm_system_time_new, passes_if_believed);
}

} /* namespace ksm */
