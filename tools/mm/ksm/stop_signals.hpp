/* SPDX-License-Identifier: GPL-2.0 */
/* Signals that end what we do in good order. */
#pragma once

#include <cerrno>
#include <chrono>
#include <csignal>

namespace ksm
{

/* Blocked, so that they arrive where they are asked for only and a row is never cut. */
class stop_signals
{
public:
	stop_signals()
	{
		sigemptyset(&set_);
		sigaddset(&set_, SIGINT);
		sigaddset(&set_, SIGTERM);
		sigprocmask(SIG_BLOCK, &set_, nullptr);
	}

	/* True if it is time to stop. */
	bool arrived() const { return wait({}); }

	/* The same, but waits for it. */
	bool wait_until(std::chrono::steady_clock::time_point deadline) const
	{
		for (;;) {
			const auto left = deadline - std::chrono::steady_clock::now();
			const auto ns = std::chrono::nanoseconds(left).count();

			if (ns <= 0)
				return false;
			if (wait({ns / 1'000'000'000, ns % 1'000'000'000}))
				return true;
			if (errno != EINTR)
				return false;
		}
	}

private:
	bool wait(const timespec &time) const { return sigtimedwait(&set_, nullptr, &time) > 0; }

	sigset_t set_;
};

} /* namespace ksm */
