// SPDX-License-Identifier: GPL-2.0
/*
 * The machine has no room, and no swap, for all the copies that an unmerging
 * takes. That is an error, told before anybody is killed for want of memory.
 */
#include <cerrno>
#include <functional>
#include <memory>
#include <vector>

#include "support/child.hpp"
#include "support/filler.hpp"
#include "support/fixture.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"
#include "support/verdict.hpp"

namespace ksm
{

class full_machine : public ksm_test
{
protected:
	/* In pages: the room before anything merges, and memory that would fill it twice. */
	static constexpr std::size_t left = (96 << 20) / page_size;
	static constexpr std::size_t parts = 4, part = left / 2;

	using action = std::function<int(const region &)>; /* gives 0 or an errno */

	void prepare() override
	{
		KSM_SKIP_IF(full_machine_filler::why_not(left));
		filler_ = std::make_unique<full_machine_filler>(left);
		killed_ = vmstat("oom_kill");
	}
	void TearDown() override
	{
		filler_.reset();
		ksm_test::TearDown();
	}

	/*
	 * Offers its memory and fills it part by part, as there is room for no more until it
	 * is merged; then unmerges it, unless there is nothing to do, and lives on.
	 */
	static child::body program(std::size_t its_parts, const verdict &told, const action &offer,
				   const action &unmerge)
	{
		return [=, &told](parent_link &parent) {
			allow_to_be_killed(true);
			region own(its_parts * part);

			require(offer(own) == 0, "cannot be offered");
			for (std::size_t i = 0; i < own.pages(); i++) {
				own.fill(i, i % 1000);
				if ((i + 1) % part == 0)
					parent.reach("filled");
			}
			if (unmerge)
				told.give(unmerge(own));
			parent.await("looked after");
			for (std::size_t i = 0; i < own.pages(); i++)
				require(own.holds(i, i % 1000), "content changed");
		};
	}
	static int offer(const region &own)
	{
		return madvise(own.data(), own.bytes(), MADV_MERGEABLE) ? errno : 0;
	}

	/* A part has been filled: makes room for the next one. */
	static void merge(child &filled)
	{
		filled.await("filled");
		scan(3);
		filled.go_on("filled");
	}

	/* Nobody was killed, a part is still merged, and ksmd goes on from there. */
	void expect_unharmed(const std::vector<child *> &programs)
	{
		constexpr long all = parts * part;

		EXPECT_EQ(vmstat("oom_kill"), killed_);
		EXPECT_EQ(knob("run"), 0);
		long some = 0; /* the counters may lag behind */

		for (child *each : programs)
			some += smaps_ksm_pages(each->pid());
		EXPECT_GT(some, 0) << "there was room enough";
		EXPECT_LT(some, all * 9 / 10) << "there was no room at all";
		scan(3);
		EXPECT_GT(knob("pages_sharing"), all * 9 / 10);
		for (child *each : programs) {
			each->go_on("looked after");
			each->join();
		}
		EXPECT_EQ(vmstat("oom_kill"), killed_);
	}

	/* One program whose own memory does not fit. */
	void unmerge_own(const action &offer, const action &unmerge, int error)
	{
		verdict told;
		child other(program(parts, told, offer, unmerge));

		for (std::size_t i = 0; i < parts; i++)
			merge(other);
		ASSERT_EQ(told.wait(other.pid()), error);
		expect_unharmed({&other});
	}

private:
	std::unique_ptr<full_machine_filler> filler_;
	long killed_ = 0;
};

TEST_F(full_machine, run_2)
{
	verdict told;
	std::vector<std::unique_ptr<child>> programs;
	std::vector<child *> all;

	for (std::size_t i = 0; i < parts; i++) {
		programs.push_back(std::make_unique<child>(program(1, told, offer, nullptr)));
		all.push_back(programs.back().get());
		merge(*all.back());
	}
	child writer([&](parent_link &) {
		allow_to_be_killed(true);
		told.give(try_knob("run", "2"));
	});

	ASSERT_EQ(told.wait(writer.pid()), ENOMEM);
	writer.join();
	expect_unharmed(all);
}

TEST_F(full_machine, unmergeable)
{
	unmerge_own(
		offer,
		[](const region &own) {
			return madvise(own.data(), own.bytes(), MADV_UNMERGEABLE) ? errno : 0;
		},
		EAGAIN);
}

TEST_F(full_machine, clearing_prctl)
{
	unmerge_own([](const region &) { return try_set_merge(true); },
		    [](const region &) { return try_set_merge(false); }, ENOMEM);
}

} /* namespace ksm */
