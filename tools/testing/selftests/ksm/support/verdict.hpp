/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <atomic>

#include <sys/types.h>

namespace ksm
{

/*
 * The result of a call, told by a process that has no memory left: not even for a
 * message through a pipe.
 */
class verdict
{
public:
	verdict();
	~verdict();
	verdict(const verdict &) = delete;
	verdict &operator=(const verdict &) = delete;

	void give(int value) const { *word_ = value; }
	/* Throws if that child of the caller ends, or hangs, without one. */
	int wait(pid_t from) const;

private:
	static constexpr int pending = -1;
	std::atomic<int> *word_;
};

/* The caller is or is not to be killed for want of memory, whatever its parent has set. */
void allow_to_be_killed(bool allowed);
/* The caller is killed before all others. */
void be_killed_first();

} /* namespace ksm */
