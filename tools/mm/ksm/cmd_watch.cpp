// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"

#include <cerrno>
#include <csignal>

#include "format.hpp"
#include "output.hpp"
#include "records.hpp"
#include "sample.hpp"
#include "watch_table.hpp"

namespace ksm
{
namespace
{

using std::chrono::steady_clock;

/* Blocked, so that they arrive in wait_until() only and a row is never cut. */
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
	bool wait_until(steady_clock::time_point deadline) const
	{
		for (;;) {
			const auto left = deadline - steady_clock::now();
			const auto ns = std::chrono::nanoseconds(left).count();
			const timespec wait = {ns / 1'000'000'000, ns % 1'000'000'000};

			if (ns <= 0)
				return false;
			if (sigtimedwait(&set_, nullptr, &wait) > 0)
				return true;
			if (errno != EINTR)
				return false;
		}
	}

private:
	sigset_t set_;
};

} /* namespace */

int watch(const knobs &knobs, const ksmd &ksmd, const watch_options &options)
{
	const stop_signals stop;
	const auto interval = std::chrono::duration_cast<steady_clock::duration>(
		std::chrono::duration<double>(options.interval));
	sample before = take_sample(knobs, ksmd);
	course course(before);
	watch_table table;
	auto next = before.when + interval;

	for (unsigned long row = 0; !options.count || row < options.count; row++) {
		const bool stopped = stop.wait_until(next);
		const sample now = take_sample(knobs, ksmd);
		const auto cpu = cpu_percent(before, now);

		course.add(now);
		if (stopped)
			break;
		if (options.json)
			fmt::print("{}\n", watch_record(course, now, cpu));
		else
			table.print(course.seconds(now), now, cpu);
		flush_output();
		before = now;
		/* A machine that was asleep owes no rows for that time. */
		next = std::max(next + interval, now.when);
	}

	if (options.json)
		fmt::print("{}\n", summary_record(course));
	else
		print_summary(course);
	return 0;
}

} /* namespace ksm */
