// SPDX-License-Identifier: GPL-2.0
#include "watch/screen.hpp"

#include "watch_table.hpp"

namespace ksm
{

void watch_on(std::unique_ptr<terminal> terminal, const knobs &knobs, const std::string &proc,
	      const watch_options &options)
{
	using std::chrono::steady_clock;
	const auto interval = std::chrono::duration_cast<steady_clock::duration>(
		std::chrono::duration<double>(options.interval));
	camera camera(knobs, proc);
	const frame *now = &camera.take();
	course course(now->figures);
	auto next = now->figures.when + interval;

	for (;;) {
		terminal->show(panel(*now, terminal->columns(), terminal->rows()));
		const auto event = terminal->wait_until(next);

		if (event == terminal::event::quit)
			break;
		if (steady_clock::now() < next)
			continue;
		now = &camera.take();
		course.add(now->figures);
		next = std::max(next + interval, now->figures.when);
	}
	terminal.reset();
	print_summary(course);
}

} /* namespace ksm */
