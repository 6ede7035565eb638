// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest writes is found in time also where KVM forgets what it knew: memslots come
 * and go or are moved, writes are logged for a while as for a migration, the guest starts
 * anew, goes into SMM and comes out, memory is taken from it and given back, and machines
 * come to their end.
 */
#include <cstring>

#include <sys/mman.h>

#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/guest_pairs.hpp"
#include "support/limits.hpp"
#include "support/passes.hpp"
#include "support/region.hpp"
#include "support/vm.hpp"

namespace ksm
{

class guest_slots : public ksm_test
{
protected:
	void prepare() override { KSM_SKIP_IF(why_no_vm()); }

	static constexpr unsigned slot = vm::memory_slot;
	static constexpr std::uint32_t first = vm::memory_address, second = 2 * first;

	/*
	 * Rounds of writes that must be found once an event is over, which makes the writes
	 * itself, at whatever point of it.
	 */
	template <class event_of_a_round>
	static void expect_found(event_of_a_round event, unsigned passes = passes_to_find(),
				 void (*set_up)(vm &, const guest_pairs &) = nullptr)
	{
		const std::size_t rounds = scaled(6);
		guest_pairs pairs(2048);
		vm guest(pairs.memory());
		stepper ksmd;

		if (set_up)
			set_up(guest, pairs);
		pairs.settle(guest, ksmd);
		for (std::size_t round = 0; round < rounds; round++) {
			auto some = pairs.draw(1024);

			event(guest, pairs, ksmd, some);
			EXPECT_EQ(pairs.missed_after(ksmd, passes, some), 0u)
				<< "of " << some.size() << " in round " << round;
			pairs.part(guest, some);
			pairs.settle(ksmd);
		}
	}
};

TEST_F(guest_slots, written_before_the_log_is_switched_on_and_off)
{
	expect_found([](vm &guest, guest_pairs &pairs, stepper &, const auto &some) {
		pairs.join(guest, some);
		guest.log_dirty(slot, true);
		guest.log_dirty(slot, false);
	});
}

TEST_F(guest_slots, written_while_logged)
{
	expect_found([](vm &guest, guest_pairs &pairs, stepper &ksmd, const auto &some) {
		guest.log_dirty(slot, true);
		pairs.settle(ksmd);
		pairs.join(guest, some);
		guest.log_dirty(slot, false);
	});
}

TEST_F(guest_slots, written_and_visited_while_logged)
{
	expect_found([](vm &guest, guest_pairs &pairs, stepper &ksmd, const auto &some) {
		guest.log_dirty(slot, true);
		pairs.join(guest, some);
		ksmd.pass();
		guest.log_dirty(slot, false);
	});
}

/* The log is left to those who read it, so ksmd may have to look for itself. */
TEST_F(guest_slots, written_while_the_log_stays_on)
{
	auto write_while_logged = [](vm &guest, guest_pairs &pairs, stepper &, const auto &some) {
		guest.log_dirty(slot, true);
		pairs.join(guest, some);
	};

	expect_found(write_while_logged, passes_if_sampled);
}

/*
 * As NUMA balancing, fork or migration do, and then the guest does not come back to its
 * pages.
 */
TEST_F(guest_slots, written_before_the_pages_are_unmapped)
{
	expect_found([](vm &guest, guest_pairs &pairs, stepper &, const auto &some) {
		pairs.join(guest, some);
		pairs.memory().unmap_from_guests();
	});
}

/* By then, KVM has told that nothing maps them. */
TEST_F(guest_slots, written_and_unmapped_once_more)
{
	expect_found([](vm &guest, guest_pairs &pairs, stepper &ksmd, const auto &some) {
		pairs.memory().unmap_from_guests();
		pairs.settle(ksmd);
		pairs.join(guest, some);
		pairs.memory().unmap_from_guests();
	});
}

TEST_F(guest_slots, written_before_the_slot_is_replaced)
{
	expect_found([](vm &guest, guest_pairs &pairs, stepper &, const auto &some) {
		pairs.join(guest, some);
		guest.delete_slot(slot);
		guest.add_slot(slot, first, pairs.memory());
	});
}

TEST_F(guest_slots, written_after_the_slot_was_replaced)
{
	expect_found([](vm &guest, guest_pairs &pairs, stepper &ksmd, const auto &some) {
		guest.delete_slot(slot);
		ksmd.pass();
		guest.add_slot(slot, first, pairs.memory());
		pairs.join(guest, some);
	});
}

TEST_F(guest_slots, written_before_the_slot_is_moved)
{
	bool moved = false;

	expect_found([&](vm &guest, guest_pairs &pairs, stepper &, const auto &some) {
		pairs.join(guest, some);
		moved = !moved;
		guest.move_slot(slot, moved ? second : first);
		pairs.mapped_at(moved ? second : first);
	});
}

/* A second slot of the same memory, which goes with all that its page tables tell. */
TEST_F(guest_slots, written_through_a_slot_that_is_gone)
{
	expect_found([](vm &guest, guest_pairs &pairs, stepper &, const auto &some) {
		constexpr unsigned alias = slot + 1;

		guest.add_slot(alias, second, pairs.memory());
		pairs.mapped_at(second);
		pairs.join(guest, some);
		guest.delete_slot(alias);
		pairs.mapped_at(first);
	});
}

/* KVM puts another entry in the place of each, which is as dirty as that one was. */
TEST_F(guest_slots, written_before_kvm_maps_the_pages_anew)
{
	KSM_SKIP_IF(why_no_fault_in());
	expect_found([](vm &guest, guest_pairs &pairs, stepper &, const auto &some) {
		pairs.join(guest, some);
		guest.fault_in(first, pairs.memory().pages());
	});
}

TEST_F(guest_slots, written_before_a_reset_of_the_guest)
{
	expect_found([](vm &guest, guest_pairs &pairs, stepper &, const auto &some) {
		pairs.join(guest, some);
		guest.delete_slot(slot);
		guest.reset();
		guest.add_slot(slot, first, pairs.memory());
		guest.read(first, std::uint32_t(pairs.memory().pages()), page_size);
	});
}

/* The host takes pages from the guest, which then writes to new ones in their place. */
TEST_F(guest_slots, written_to_pages_that_were_ballooned)
{
	expect_found([](vm &guest, guest_pairs &pairs, stepper &ksmd, const auto &some) {
		std::vector<vm::byte_at> bytes;

		for (std::size_t i : some) {
			ASSERT_EQ(madvise(pairs.memory().page(i), page_size, MADV_DONTNEED), 0);
			std::memset(pairs.twins().page(i), 0, page_size);
			*pairs.twins().words(i) = i + 1;
		}
		pairs.settle(ksmd);
		for (std::size_t i : some)
			for (std::size_t k = 0; k < sizeof(std::uint32_t); k++)
				bytes.push_back({std::uint32_t(first + i * page_size + k),
						 std::uint8_t((i + 1) >> 8 * k)});
		guest.write_each(bytes);
	});
}

/* The same pages are in slots of both address spaces. */
class smm_slots : public guest_slots
{
protected:
	static constexpr unsigned slot_in_smm = vm::in_smm + slot;

	void prepare() override { KSM_SKIP_IF(why_no_smm()); }

	static void add_slot(vm &guest, const guest_pairs &pairs)
	{
		guest.add_slot(slot_in_smm, first, pairs.memory());
	}
};

/* No page table of SMM tells of the pages, and yet nothing of them is in doubt. */
TEST_F(smm_slots, written_by_a_guest_that_is_never_in_smm)
{
	auto write = [](vm &guest, guest_pairs &pairs, stepper &, const auto &some) {
		pairs.join(guest, some);
	};

	expect_found(write, passes_to_find(), add_slot);
}

/*
 * What is told of them is believed: a change that leaves no trace goes unnoticed for longer
 * than it would if nothing were told.
 */
TEST_F(smm_slots, are_told_of_by_the_slot_that_is_in_use)
{
	if (!vm_writes_set_dirty_bits())
		GTEST_SKIP() << "KVM maps guests' memory without dirty bits";
	guest_pairs pairs(512);
	vm guest(pairs.memory());
	stepper ksmd;

	add_slot(guest, pairs);
	pairs.settle(guest, ksmd);
	pairs.join_past_page_tables(pairs.all());
	EXPECT_EQ(pairs.missed_after(ksmd, passes_if_sampled, pairs.all()), pairs.all().size());
}

TEST_F(smm_slots, written_by_a_guest_that_stays_in_smm)
{
	auto write = [](vm &guest, guest_pairs &pairs, stepper &, const auto &some) {
		pairs.join(guest, some);
	};
	auto set_up = [](vm &guest, const guest_pairs &pairs) {
		add_slot(guest, pairs);
		guest.set_smm(true);
	};

	expect_found(write, passes_to_find(), set_up);
}

TEST_F(smm_slots, written_in_smm_and_outside_by_turns)
{
	bool inside = false;
	auto write = [&](vm &guest, guest_pairs &pairs, stepper &, const auto &some) {
		inside = !inside;
		guest.set_smm(inside);
		pairs.join(guest, some);
	};
	auto map_in_both = [](vm &guest, const guest_pairs &pairs) {
		add_slot(guest, pairs);
		guest.set_smm(true);
		guest.read(first, std::uint32_t(pairs.memory().pages()), page_size);
		guest.set_smm(false);
	};

	expect_found(write, passes_to_find(), map_in_both);
}

/* Those that SMM has no slot for, and those that it has one for elsewhere. */
TEST_F(smm_slots, written_where_smm_has_half_of_the_pages)
{
	auto write = [](vm &guest, guest_pairs &pairs, stepper &, const auto &some) {
		guest_pairs::choice inside, outside;

		for (std::size_t i : some)
			(i < pairs.memory().pages() / 2 ? inside : outside).push_back(i);
		pairs.join(guest, outside);
		guest.set_smm(true);
		pairs.mapped_at(second);
		pairs.join(guest, inside);
		pairs.mapped_at(first);
		guest.set_smm(false);
	};
	auto add_half = [](vm &guest, const guest_pairs &pairs) {
		page_range memory = pairs.memory();

		guest.add_slot(slot_in_smm, second, memory.part(0, memory.pages() / 2));
	};

	expect_found(write, passes_to_find(), add_half);
}

TEST_F(smm_slots, written_before_the_slot_of_smm_is_deleted)
{
	expect_found([](vm &guest, guest_pairs &pairs, stepper &, const auto &some) {
		add_slot(guest, pairs);
		guest.set_smm(true);
		pairs.join(guest, some);
		guest.set_smm(false);
		guest.delete_slot(slot_in_smm);
	});
}

/* Machines end, or are killed, while ksmd is about them. */
TEST_F(guest_slots, of_machines_that_end_while_ksmd_runs)
{
	constexpr std::size_t pages = 1024;
	const std::size_t rounds = scaled(40);

	start_ksmd();
	for (std::size_t round = 0; round < rounds; round++) {
		child other([=](parent_link &parent) {
			region own(pages);

			own.fill_unique(1);
			own.mergeable();
			for (std::uint32_t turn = 1;; turn++) {
				{
					vm guest(own);

					for (std::uint32_t i = 0; i < 4; i++)
						guest.write(first, pages, page_size, 4 * turn + i);
				}
				for (std::size_t i = 0; i < pages; i++)
					require(std::uint32_t(*own.words(i)) == 4 * turn + 3,
						"page " + std::to_string(i) +
							" does not hold what the guest wrote");
				if (turn == 2)
					parent.tell("written");
			}
		});

		other.await("written");
		other.kill();
	}
	await_nothing_tracked();
	stop_ksmd();
	expect_nothing_counted();
}

} /* namespace ksm */
