// SPDX-License-Identifier: GPL-2.0
#include "support/pressure.hpp"

#include "support/limits.hpp"
#include "support/process.hpp"
#include "support/verdict.hpp"

namespace ksm
{

void pressure::prepare()
{
	KSM_SKIP_IF(why_no_knob("pressure_boost"));
	if (!filler_) {
		KSM_SKIP_IF(full_machine_filler::why_not(left));
	}
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

void pressure::TearDown()
{
	set_knob("pressure_boost", 1);
	ksm_test::TearDown();
}

void pressure::TearDownTestSuite()
{
	give_memory_back();
}

void pressure::give_memory_back()
{
	filler_.reset();
}

child::body pressure::writer(std::size_t pages, std::size_t contents)
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

child::body pressure::unique_writer()
{
	return [](parent_link &parent) {
		region own(4 * left);

		allow_to_be_killed(true);
		own.mergeable();
		parent.reach("started");
		own.fill_unique(1);
	};
}

void pressure::expect_killed(child &each) const
{
	EXPECT_NE(each.how_it_ended(), "");
	EXPECT_GT(vmstat("oom_kill"), killed_);
}

void pressure::expect_alive(child &each)
{
	if (scaled(100) == 100)
		each.join();
	else
		each.how_it_ended();
}

void pressure::expect_nobody_killed(long least_freed) const
{
	EXPECT_GT(knob("pressure_runs"), runs_);
	if (scaled(100) < 100)
		GTEST_SKIP() << "this kernel checks itself: ksmd is too slow to keep up";
	EXPECT_EQ(vmstat("oom_kill"), killed_);
	EXPECT_GE(knob("pressure_pages_freed") - freed_, least_freed);
}

} /* namespace ksm */
