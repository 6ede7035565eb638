// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest's own guest writes is found in time. KVM maps memory for it by shadow pages,
 * which do not tell what was written. For the guest KVM maps the same memory by page tables
 * that do tell, but they know nothing of the guest's guest, so they must not be believed.
 */
#include "support/fixture.hpp"
#include "support/guest_pairs.hpp"
#include "support/limits.hpp"
#include "support/nested_vm.hpp"
#include "support/passes.hpp"
#include "support/region.hpp"
#include "support/thp.hpp"

namespace ksm
{

/* The guest makes pages equal to their twins, or its own guest does. */
static void join(nested_vm &guest, bool nested, const guest_pairs &pairs,
		 const guest_pairs::choice &some)
{
	guest.set_nested(nested);
	pairs.join(guest, some);
	guest.set_nested(false);
}

class guest_nested : public ksm_test
{
protected:
	void prepare() override { KSM_SKIP_IF(why_no_nested_vm()); }

	/*
	 * Rounds of writes that must be found. Before each, the guest writes the same pages and
	 * ksmd visits them, so that the guest's page tables map them, and call them clean.
	 */
	template <class writes_of_a_round>
	static void expect_found(guest_pairs &pairs, nested_vm &guest, stepper &ksmd,
				 std::size_t rounds, writes_of_a_round write)
	{
		pairs.settle(guest, ksmd);
		for (std::size_t round = 0; round < rounds; round++) {
			auto some = pairs.draw(pairs.memory().pages() / 2);

			pairs.part(guest, some);
			pairs.settle(ksmd);
			write(some);
			EXPECT_EQ(pairs.missed_after(ksmd, passes_if_sampled, some), 0u)
				<< "of " << some.size() << " in round " << round;
		}
	}
};

TEST_F(guest_nested, writes_of_one_byte)
{
	const std::size_t rounds = scaled(6);
	guest_pairs pairs(4096);
	nested_vm guest(pairs.memory());
	stepper ksmd;

	expect_found(pairs, guest, ksmd, rounds,
		     [&](const auto &some) { join(guest, true, pairs, some); });
	EXPECT_GE(guest.cpu_statistic("nested_run"), rounds) << "it was the guest that wrote";
}

/* The first writes of the guest's guest come after many passes that found nothing new. */
TEST_F(guest_nested, writes_to_pages_that_settled_long_ago)
{
	guest_pairs pairs(2048);
	nested_vm guest(pairs.memory());
	stepper ksmd;

	pairs.settle(guest, ksmd);
	for (unsigned pass = 0; pass < passes_if_sampled + passes_if_sampled / 2; pass++)
		ksmd.pass();
	join(guest, true, pairs, pairs.all());
	EXPECT_EQ(pairs.missed_after(ksmd, passes_if_sampled, pairs.all()), 0u);
}

TEST_F(guest_nested, writes_to_pages_that_the_guest_never_touched)
{
	guest_pairs pairs(2048);
	nested_vm guest(pairs.memory());
	stepper ksmd;

	guest.set_nested(true);
	pairs.settle(guest, ksmd);
	ASSERT_EQ(pairs.missed(pairs.all()), pairs.all().size()) << "not all was written";
	pairs.join(guest, pairs.all());
	EXPECT_EQ(pairs.missed_after(ksmd, passes_if_sampled, pairs.all()), 0u);
}

/* One writes half of the pages, and after a pass the other writes the rest. */
TEST_F(guest_nested, writes_in_turns_with_the_guest)
{
	bool nested = false;
	guest_pairs pairs(2048);
	nested_vm guest(pairs.memory());
	stepper ksmd;

	expect_found(pairs, guest, ksmd, scaled(6), [&](const auto &some) {
		auto half = some.begin() + some.size() / 2;

		join(guest, nested, pairs, {some.begin(), half});
		ksmd.pass();
		nested = !nested;
		join(guest, nested, pairs, {half, some.end()});
	});
}

/*
 * A change that leaves no trace shows what is believed: it goes unnoticed for long where
 * page tables say that nothing was written, and is found sooner where nothing tells.
 */
TEST_F(guest_nested, makes_all_pages_unknown)
{
	guest_pairs pairs(512);
	nested_vm guest(pairs.memory());
	stepper ksmd;

	pairs.settle(guest, ksmd);
	if (vm_writes_set_dirty_bits()) {
		pairs.join_past_page_tables(pairs.all());
		EXPECT_EQ(pairs.missed_after(ksmd, passes_if_sampled, pairs.all()),
			  pairs.all().size())
			<< "though nothing told of them";
		pairs.settle(guest, ksmd);
	}
	guest.set_nested(true);
	guest.enter();
	pairs.settle(ksmd);
	pairs.join_past_page_tables(pairs.all());
	EXPECT_EQ(pairs.missed_after(ksmd, passes_if_sampled, pairs.all()), 0u);
}

/* KVM does not forget that there were shadow pages while the machine lives. */
TEST_F(guest_nested, ends_before_the_guest_writes)
{
	guest_pairs pairs(2048);
	nested_vm guest(pairs.memory());
	stepper ksmd;

	pairs.settle(guest, ksmd);
	join(guest, true, pairs, pairs.all());
	guest.reset();
	expect_found(pairs, guest, ksmd, scaled(4),
		     [&](const auto &some) { pairs.join(guest, some); });
}

/* Its last writes are found, and the next machine with this memory is told of as any other. */
TEST_F(guest_nested, ends_with_its_machine)
{
	guest_pairs pairs(1024);
	stepper ksmd;

	{
		nested_vm guest(pairs.memory());

		pairs.settle(guest, ksmd);
		join(guest, true, pairs, pairs.all());
	}
	EXPECT_EQ(pairs.missed_after(ksmd, passes_if_told, pairs.all()), 0u) << "of its writes";

	vm next(pairs.memory());

	for (std::size_t round = 0; round < scaled(4); round++) {
		pairs.settle(next, ksmd);
		pairs.join(next, pairs.all());
		EXPECT_EQ(pairs.missed_after(ksmd, passes_to_find(), pairs.all()), 0u)
			<< "of the next machine's, in round " << round;
	}
}

class huge_guest_nested : public thp
{
protected:
	void prepare() override
	{
		KSM_SKIP_IF(why_no_nested_vm());
		thp::prepare();
	}
};

TEST_F(huge_guest_nested, writes_of_one_byte)
{
	constexpr std::size_t pages = 4096;

	for (std::size_t round = 0; round < scaled(4); round++) {
		guest_pairs pairs(pages, region::pages_are::huge);

		KSM_SKIP_IF(why_not_huge(pairs.memory(), pages / pages_per_huge));
		nested_vm guest(pairs.memory());
		stepper ksmd;

		pairs.settle(guest, ksmd);
		auto some = pairs.draw(pages / 2);
		const std::uint64_t huge = guest.statistic("pages_2m");

		join(guest, true, pairs, some);
		ASSERT_GT(guest.statistic("pages_2m"), huge) << "KVM maps no huge page for it";
		EXPECT_EQ(pairs.missed_after(ksmd, passes_if_sampled, some), 0u)
			<< "of " << some.size() << " in round " << round;
	}
}

} /* namespace ksm */
