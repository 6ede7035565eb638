// SPDX-License-Identifier: GPL-2.0
#include "progress.hpp"

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <mutex>

#include <unistd.h>

#include "format.hpp"
#include "text.hpp"

namespace ksm
{

std::optional<std::int64_t> still_merged(const knobs &knobs)
{
	const auto shared = knobs.number("pages_shared");
	const auto sharing = knobs.number("pages_sharing");

	if (!shared || !sharing)
		return std::nullopt;
	return *shared + *sharing + knobs.number("ksm_zero_pages").value_or(0);
}

progress::progress(const knobs &knobs) : knobs_(knobs)
{
	sigset_t all, before;

	/* Signals are for the thread that waits for the kernel. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	thread_ = std::jthread([this](std::stop_token stop) { tell(stop); });
	pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void progress::tell(const std::stop_token &stop) const
{
	const bool in_place = isatty(STDERR_FILENO);
	const auto interval = std::chrono::milliseconds(in_place ? 200 : 3000);
	std::condition_variable_any wake;
	std::mutex mutex;
	std::unique_lock lock(mutex);
	bool told = false;

	while (!wake.wait_for(lock, stop, interval, [&] { return stop.stop_requested(); })) {
		/* The blanks cover what a longer number has left. */
		fmt::print(stderr, "{}waiting for the kernel: {} pages still merged{}",
			   in_place ? "\r" : "", count_text(still_merged(knobs_)),
			   in_place ? "    " : "\n");
		told = true;
	}
	if (told && in_place)
		fmt::print(stderr, "\n");
}

} /* namespace ksm */
