// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <thread>

#include <unistd.h>

#include "error.hpp"
#include "format.hpp"

namespace ksm
{
namespace
{

using std::chrono::steady_clock;

/* What run=2 has to make private copies of. */
std::int64_t still_merged(const knobs &knobs)
{
	return knobs.number("pages_shared") + knobs.number("pages_sharing") +
	       knobs.number_if_there("ksm_zero_pages").value_or(0);
}

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
		sigaction(SIGINT, &act, &interrupt_);
		sigaction(SIGTERM, &act, &terminate_);
	}
	~interruptible()
	{
		sigaction(SIGINT, &interrupt_, nullptr);
		sigaction(SIGTERM, &terminate_, nullptr);
	}
	interruptible(const interruptible &) = delete;
	interruptible &operator=(const interruptible &) = delete;

private:
	struct sigaction interrupt_;
	struct sigaction terminate_;
};

/*
 * While this lives, tells every now and then how much is still merged: in place on a
 * terminal, else by a line each time.
 */
class progress
{
public:
	explicit progress(const knobs &knobs) : knobs_(knobs)
	{
		sigset_t all, before;

		/* Signals are for the thread that waits for the kernel. */
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &before);
		thread_ = std::jthread([this](std::stop_token stop) { tell(stop); });
		pthread_sigmask(SIG_SETMASK, &before, nullptr);
	}

private:
	void tell(const std::stop_token &stop) const
	{
		const bool in_place = isatty(STDERR_FILENO);
		const auto interval = std::chrono::milliseconds(in_place ? 200 : 3000);
		std::condition_variable_any wake;
		std::mutex mutex;
		std::unique_lock lock(mutex);
		bool told = false;

		while (!wake.wait_for(lock, stop, interval,
				      [&] { return stop.stop_requested(); })) {
			/* The blanks cover what a longer number has left. */
			fmt::print(stderr, "{}waiting for the kernel: {} pages still merged{}",
				   in_place ? "\r" : "", still_merged(knobs_),
				   in_place ? "    " : "\n");
			told = true;
		}
		if (told && in_place)
			fmt::print(stderr, "\n");
	}

	const knobs &knobs_;
	std::jthread thread_;
};

void write(const knobs &knobs, const std::string &name, const std::string &value)
{
	const interruptible interruptible;
	const progress progress(knobs);

	knobs.write(name, value);
}

} /* namespace */

int set(const knobs &knobs, const std::string &name, const std::string &value)
{
	const std::string before = knobs.text(name);
	const auto start = steady_clock::now();

	try {
		/* run=2 copies every shared page before it returns. */
		write(knobs, name, value);
	} catch (const error &failure) {
		if (name != "run" || (failure.number() != EINTR && failure.number() != ENOMEM))
			throw;
		throw error(
			fmt::format("{}; {} pages are still merged, and ksmd is stopped",
				    failure.what(), still_merged(knobs)),
			fmt::format(
				"{}; 'ksmctl set run 2' goes on, 'ksmctl set run 1' merges again",
				failure.cure()));
	}

	const std::chrono::duration<double> took = steady_clock::now() - start;
	fmt::print("{}: {} -> {} ({:.3f} s)\n", name, before, knobs.text(name), took.count());
	return 0;
}

} /* namespace ksm */
