// SPDX-License-Identifier: GPL-2.0
/* ksmd that sleeps for long is awake as soon as an admin gives it work. */
#include <chrono>
#include <string>
#include <thread>

#include "support/fixture.h"
#include "support/passes.h"
#include "support/region.h"

namespace ksm
{

namespace
{

using clock = std::chrono::steady_clock;

} /* namespace */

class awake : public ksm_test
{
protected:
	static constexpr std::size_t pages = 64;

	/* ksmd has been over this memory, and sleeps for a minute. */
	void SetUp() override
	{
		ksm_test::SetUp();
		if (IsSkipped() || HasFatalFailure())
			return;
		memory_.fill_unique(1);
		memory_.mergeable();
		set_knob("sleep_millisecs", 60000);
		set_knob("pages_to_scan", 100L * 1000 * 1000);
		start_ksmd();
		fall_asleep();
	}
	void TearDown() override
	{
		if (!IsSkipped())
			set_knob("sleep_millisecs", 0L);
		ksm_test::TearDown();
	}

	static void fall_asleep()
	{
		std::this_thread::sleep_for(std::chrono::milliseconds(300));
		for (int i = 0; i < 1000 && !ksmd_asleep(); i++)
			std::this_thread::sleep_for(std::chrono::milliseconds(10));
		ASSERT_TRUE(ksmd_asleep());
	}
	/* Much sooner than the sleep would end. */
	static bool passes(long beyond)
	{
		for (auto end = clock::now() + std::chrono::seconds(10); clock::now() < end;) {
			if (knob("full_scans") > beyond)
				return true;
			std::this_thread::sleep_for(std::chrono::milliseconds(10));
		}
		return false;
	}

	void expect_awake_after(const std::string &name, const std::string &value) const
	{
		if (!has_knob(name))
			GTEST_SKIP() << "there is no knob " << name;
		long before = knob("full_scans");

		ASSERT_NE(knob_text(name), value);
		set_knob(name, value);
		EXPECT_TRUE(passes(before)) << name << " " << value;
	}

private:
	region memory_{pages};
};

TEST_F(awake, after_run_2_and_1)
{
	unmerge_all();
	fall_asleep();
	start_ksmd();
	EXPECT_TRUE(passes(0));
}

TEST_F(awake, after_run_0_and_1)
{
	long before = knob("full_scans");

	stop_ksmd();
	fall_asleep();
	start_ksmd();
	EXPECT_TRUE(passes(before));
}

TEST_F(awake, after_use_zero_pages)
{
	expect_awake_after("use_zero_pages", "1");
}

TEST_F(awake, after_max_page_sharing)
{
	expect_awake_after("max_page_sharing", "100");
}

TEST_F(awake, after_merge_across_nodes)
{
	expect_awake_after("merge_across_nodes", "0");
}

TEST_F(awake, after_thp_split_threshold)
{
	expect_awake_after("thp_split_threshold", "3");
}

TEST_F(awake, after_fingerprint)
{
	expect_awake_after("fingerprint", "xxhash");
}

} /* namespace ksm */
