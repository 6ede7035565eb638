/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <optional>

#include <gtest/gtest.h>

#include "support/sysfs.h"

namespace ksm
{

/*
 * What every test starts from: nothing merged, nothing being scanned, full_scans
 * 0, no pause between batches, no page passed over. Afterwards all knobs are
 * as before.
 */
class ksm_test : public testing::Test
{
protected:
	void SetUp() override;
	void TearDown() override;

	const saved_knobs &knobs_before() const { return *before_; }

private:
	std::optional<saved_knobs> before_;
};

} /* namespace ksm */
