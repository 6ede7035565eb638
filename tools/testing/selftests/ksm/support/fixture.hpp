/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <optional>
#include <string>

#include "support/googletest.hpp"
#include "support/sysfs.hpp"

namespace ksm
{

/* Skips the test if there is a reason why: functions named why_... give one, or nothing. */
#define KSM_SKIP_IF(why)                                                                           \
	if (std::string reason = (why); reason.empty()) {                                          \
	} else                                                                                     \
		GTEST_SKIP() << reason

/* Empty if the kernel has this knob, else what is missing. */
std::string why_no_knob(const std::string &name);

/*
 * What every test starts from: nothing merged, nothing being scanned, full_scans
 * 0, no pause between batches, no page passed over. Afterwards all knobs are
 * as before.
 */
class ksm_test : public testing::Test
{
protected:
	void SetUp() final;
	void TearDown() override;
	/* What else a test starts from, or why it is skipped. */
	virtual void prepare() {}

	/* No page is merged or remembered, and no chain is left. */
	static void expect_nothing_counted();

	const saved_knobs &knobs_before() const { return *before_; }

private:
	std::optional<saved_knobs> before_;
};

} /* namespace ksm */
