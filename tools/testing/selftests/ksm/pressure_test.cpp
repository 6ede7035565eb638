// SPDX-License-Identifier: GPL-2.0
/* When memory runs short, ksmd frees some out of turn: before anybody is killed for want of it. */
#include <cerrno>
#include <memory>
#include <vector>

#include "support/cgroup.hpp"
#include "support/child.hpp"
#include "support/passes.hpp"
#include "support/pressure.hpp"
#include "support/program.hpp"

namespace ksm
{

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
	EXPECT_GT(knob("pressure_runs"), runs_before());
}

TEST_F(pressure, nothing_runs_while_it_is_off)
{
	set_knob("pressure_boost", 0);
	child one(unique_writer());

	start_ksmd_for(1);
	long scans = knob("full_scans");
	one.reach("started");
	expect_killed(one);
	EXPECT_EQ(knob("pressure_runs"), runs_before());
	EXPECT_LE(knob("full_scans"), scans + 1);
}

TEST_F(pressure, nothing_runs_while_ksm_is_stopped)
{
	long scanned = knob("pages_scanned");
	child one(unique_writer());

	one.reach("started");
	expect_killed(one);
	EXPECT_EQ(knob("pressure_runs"), runs_before());
	EXPECT_EQ(knob("pages_scanned"), scanned);
}

/* A batch, but no run: a tenant could have ksmd work for him all the time. */
TEST_F(pressure, a_full_group_wakes_ksmd)
{
	KSM_SKIP_IF(why_no_groups());
	give_memory_back();
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
	EXPECT_EQ(knob("pressure_runs"), runs_before());
}

} /* namespace ksm */
