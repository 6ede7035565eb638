// SPDX-License-Identifier: GPL-2.0
#include "support/fixture.hpp"

#include "support/passes.hpp"

namespace ksm
{

std::string why_no_knob(const std::string &name)
{
	return has_knob(name) ? "" : "this kernel has no " + name;
}

void ksm_test::SetUp()
{
	KSM_SKIP_IF(why_not_here());
	before_.emplace();
	stop_ksmd(); /* so that run=2 is a change, and does its work */
	unmerge_all();
	if (has_knob("merge_across_nodes"))
		set_knob("merge_across_nodes", 1);
	set_knob("max_page_sharing", 256);
	set_knob("use_zero_pages", 0L);
	set_knob("smart_scan", 0L);
	set_knob("advisor_mode", "none");
	set_knob("pages_to_scan", 10000);
	set_knob("sleep_millisecs", 0L);

	counters now = counters::read();

	ASSERT_EQ(now.shared, 0) << "something is merged after run=2";
	ASSERT_EQ(now.tracked(), 0) << "something is tracked after run=2";
	prepare();
}

void ksm_test::expect_nothing_counted()
{
	counters now = counters::read();

	EXPECT_EQ(now.shared, 0);
	EXPECT_EQ(now.sharing, 0);
	EXPECT_EQ(now.unshared, 0);
	EXPECT_EQ(now.unstable, 0);
	EXPECT_EQ(now.chains, 0);
	EXPECT_EQ(now.dups, 0);
}

void ksm_test::TearDown()
{
	before_.reset();
}

} /* namespace ksm */
