/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include "support/googletest.hpp"

namespace ksm
{

/* Reports the run in KTAP version 1, the only thing written to stdout. */
class ktap_printer : public testing::EmptyTestEventListener
{
public:
	void OnTestProgramStart(const testing::UnitTest &unit) override;
	void OnTestStart(const testing::TestInfo &test) override;
	void OnTestPartResult(const testing::TestPartResult &part) override;
	void OnTestEnd(const testing::TestInfo &test) override;
	void OnTestProgramEnd(const testing::UnitTest &unit) override;

	/* kselftest exit status: 0 passed, 1 failed, 4 when all was skipped. */
	int exit_status() const;

private:
	int number_ = 0;
	int failed_ = 0;
	int skipped_ = 0;
	int complaints_ = 0;
	bool env_failed_ = false;
	std::string reason_;
};

/*
 * A part of the program that a test starts through exec: named on the command
 * line as "--role NAME", run in place of the tests.
 */
using role_body = int (*)();
struct role {
	role(const char *name, role_body body);
};

} /* namespace ksm */
