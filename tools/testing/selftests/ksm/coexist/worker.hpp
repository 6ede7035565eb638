/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace ksm
{

/*
 * Something that goes on beside ksmd, round after round, in a process of its own.  What is
 * said to be called in the test is called in the process that made the worker.
 */
class worker
{
public:
	virtual ~worker() = default;

	virtual std::string name() const = 0;
	/* Empty if the machine has what it takes, else what is missing. */
	virtual std::string why_not() const { return ""; }
	/* How many rounds are enough, where all tests are as long as they are meant to be. */
	virtual std::size_t rounds() const = 0;

	/* In the test: sets knobs of the machine, and puts them back. */
	virtual void set_machine() {}
	virtual void put_back() {}
	/* In the test: whether its process gets less memory than it uses. */
	virtual bool is_limited() const { return false; }

	/* Once, before the first round. */
	virtual void begin() {}
	virtual void do_round(std::size_t number) = 0;
	/* Throws if some page holds what it should not. */
	virtual void check() const {}
	/* In the test: a counter of the kernel that grows by this, where the rounds prove less. */
	virtual std::optional<long> done_by_kernel() const { return {}; }
};

} /* namespace ksm */
