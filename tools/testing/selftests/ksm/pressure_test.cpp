// SPDX-License-Identifier: GPL-2.0
/* When memory runs short, ksmd frees some out of turn: before anybody is killed for want of it. */
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "support/cgroup.hpp"
#include "support/child.hpp"
#include "support/filler.hpp"
#include "support/fixture.hpp"
#include "support/limits.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/program.hpp"
#include "support/region.hpp"
#include "support/verdict.hpp"

namespace ksm
{

class pressure : public ksm_test
{
protected:
	/* In pages: what is left of the machine. */
	static constexpr std::size_t left = (128 << 20) / page_size;

	void prepare() override
	{
		KSM_SKIP_IF(why_no_knob("pressure_boost"));
		if (!filler_)
			KSM_SKIP_IF(full_machine_filler::why_not(left));
		/* Asleep, but for what is done out of turn. */
		set_knob("sleep_millisecs", 3600000);
		/* A run that freed nothing is forgotten by that. */
		set_knob("pressure_boost", 0);
		set_knob("pressure_boost", 1);
		if (!filler_)
			filler_ = std::make_unique<full_machine_filler>(left);
		killed_ = vmstat("oom_kill");
		runs_ = knob("pressure_runs");
		freed_ = knob("pressure_pages_freed");
	}
	void TearDown() override
	{
		set_knob("pressure_boost", 1);
		ksm_test::TearDown();
	}
	static void TearDownTestSuite() { filler_.reset(); }

	/* Offers and writes so many pages of a few contents, or of as many, and looks at them. */
	static child::body writer(std::size_t pages, std::size_t contents)
	{
		return [=](parent_link &parent) {
			allow_to_be_killed(true);
			region own(pages);

			own.mergeable();
			parent.reach("started");
			for (std::size_t i = 0; i < pages; i++)
				own.fill(i, i % contents);
			for (std::size_t i = 0; i < pages; i++)
				require(own.holds(i, i % contents), "content changed");
		};
	}
	/* Writes until it is killed. */
	static child::body unique_writer()
	{
		return [](parent_link &parent) {
			region own(4 * left);

			allow_to_be_killed(true);
			own.mergeable();
			parent.reach("started");
			own.fill_unique(1);
		};
	}
	void expect_killed(child &each)
	{
		EXPECT_NE(each.how_it_ended(), "");
		EXPECT_GT(vmstat("oom_kill"), killed_);
	}

	/* Nobody is killed, where ksmd is as fast as it is to be. */
	void expect_alive(child &each)
	{
		if (scaled(100) == 100)
			each.join();
		else
			each.how_it_ended();
	}
	void expect_nobody_killed(long least_freed)
	{
		EXPECT_GT(knob("pressure_runs"), runs_);
		if (scaled(100) < 100)
			GTEST_SKIP() << "this kernel checks itself: ksmd is too slow to keep up";
		EXPECT_EQ(vmstat("oom_kill"), killed_);
		EXPECT_GE(knob("pressure_pages_freed") - freed_, least_freed);
	}

	static inline std::unique_ptr<full_machine_filler> filler_; /* it takes long */
	long killed_ = 0, runs_ = 0, freed_ = 0;
};

TEST_F(pressure, knob)
{
	for (const char *bad : {"2", "-1", "on", "1x"})
		EXPECT_EQ(try_knob("pressure_boost", bad), EINVAL) << "'" << bad << "'";
	EXPECT_EQ(knob("pressure_boost"), 1);
	EXPECT_EQ(try_knob("pressure_runs", "0"), EACCES);
}

TEST_F(pressure, twice_what_fits_is_written)
{
	child one(writer(2 * left, 1000));

	start_ksmd();
	one.reach("started");
	expect_alive(one);
	expect_nobody_killed(left / 2);
}

TEST_F(pressure, by_four_at_once)
{
	std::vector<std::unique_ptr<child>> writers;

	for (int i = 0; i < 4; i++)
		writers.push_back(std::make_unique<child>(writer(left * 2 / 5, 1000)));
	start_ksmd();
	for (auto &each : writers)
		each->reach("started");
	for (auto &each : writers)
		expect_alive(*each);
	/* How much is needed at a time is up to the scheduler. */
	expect_nobody_killed(0);
}

TEST_F(pressure, what_cannot_be_merged_does_not_go_on_for_ever)
{
	child one(unique_writer());

	start_ksmd();
	one.reach("started");
	expect_killed(one);
	EXPECT_GT(knob("pressure_runs"), runs_);
}

TEST_F(pressure, nothing_runs_while_it_is_off)
{
	set_knob("pressure_boost", 0);
	child one(unique_writer());

	start_ksmd();
	await_scans(1);
	long scans = knob("full_scans");
	one.reach("started");
	expect_killed(one);
	EXPECT_EQ(knob("pressure_runs"), runs_);
	EXPECT_LE(knob("full_scans"), scans + 1);
}

TEST_F(pressure, nothing_runs_while_ksm_is_stopped)
{
	long scanned = knob("pages_scanned");
	child one(unique_writer());

	one.reach("started");
	expect_killed(one);
	EXPECT_EQ(knob("pressure_runs"), runs_);
	EXPECT_EQ(knob("pages_scanned"), scanned);
}

/* A batch, but no run: a tenant could have ksmd work for him all the time. */
TEST_F(pressure, a_full_group_wakes_ksmd)
{
	KSM_SKIP_IF(why_no_groups());
	filler_.reset();
	region bystander(2000);
	memory_group group;
	child one(unique_writer());

	bystander.fill_unique(1);
	bystander.mergeable();
	start_ksmd();
	await_that([&] { return ksmd_asleep(); }, "ksmd to sleep");
	long scanned = knob("pages_scanned");
	group.leave_room(32 << 20);
	group.take_in(one);
	expect_killed(one);
	await_that([&] { return knob("pages_scanned") > scanned; }, "a batch of ksmd");
	EXPECT_EQ(knob("pressure_runs"), runs_);
}

} /* namespace ksm */
