/* SPDX-License-Identifier: GPL-2.0 */
/* Lets a signal end a system call instead of the program. */
#pragma once

#include <array>
#include <csignal>

namespace ksm
{

/*
 * While this lives, an interrupt ends a system call of the thread that made it, and not
 * the program: the kernel stops half way, and there is something to be said.
 */
class interruptible
{
public:
	interruptible()
	{
		struct sigaction act = {}; /* without SA_RESTART */

		act.sa_handler = [](int) {};
		for (std::size_t i = 0; i < signals.size(); i++)
			sigaction(signals[i], &act, &before_[i]);
	}
	~interruptible()
	{
		for (std::size_t i = 0; i < signals.size(); i++)
			sigaction(signals[i], &before_[i], nullptr);
	}
	interruptible(const interruptible &) = delete;
	interruptible &operator=(const interruptible &) = delete;

private:
	static constexpr std::array signals = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

	std::array<struct sigaction, signals.size()> before_;
};

} /* namespace ksm */
