// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"

#include <chrono>

#include "format.hpp"
#include "output.hpp"
#include "records.hpp"
#include "sample.hpp"
#include "stop_signals.hpp"
#include "watch/screen.hpp"
#include "watch_table.hpp"

namespace ksm
{
namespace
{

using std::chrono::steady_clock;

void watch_in_lines(const knobs &knobs, const ksmd &ksmd, const watch_options &options)
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
}

} /* namespace */

int watch(const knobs &knobs, const std::string &proc, const watch_options &options)
{
	const bool lines = options.lines || options.count || options.json;
	auto terminal = lines ? nullptr : terminal::take();

	if (terminal)
		watch_on(std::move(terminal), knobs, proc, options);
	else
		watch_in_lines(knobs, ksmd(proc), options);
	return 0;
}

} /* namespace ksm */
