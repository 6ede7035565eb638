// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"

#include <random>

#include <sys/resource.h>

#include "error.hpp"
#include "estimate/report.hpp"
#include "format.hpp"
#include "live_line.hpp"
#include "output.hpp"
#include "selection.hpp"
#include "stop_signals.hpp"

namespace ksm
{
namespace
{

using std::chrono::steady_clock;

constexpr const char *by_root = "run ksmctl as root, on the host of containers";

steady_clock::duration seconds(double count)
{
	return std::chrono::duration_cast<steady_clock::duration>(
		std::chrono::duration<double>(count));
}

/* The memory of each process is a file. */
void allow_many_files()
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

survey survey_of(const std::string &proc, const std::vector<process> &all, const stop_signals &stop,
		 live_line &line)
{
	survey survey(proc);
	std::size_t done = 0;

	for (const process &process : all) {
		if (stop.arrived())
			throw error("stopped before any page was looked at",
				    "choose fewer processes");
		if (line.is_due())
			line.show(fmt::format("finding pages: process {} of {}", done, all.size()));
		survey.add(process);
		done++;
	}
	if (!survey.processes() && survey.hidden())
		throw error("the memory of these processes may not be read", by_root);
	return survey;
}

looked look_at(const survey &survey, double time, const stop_signals &stop, live_line &line)
{
	const auto deadline = steady_clock::now() + seconds(time);
	const std::uint64_t all = survey.pages().count();

	return look_at(survey.pages(), std::random_device()(), [&](std::uint64_t tried) {
		if (line.is_due())
			line.show(fmt::format("looked at {} of {} pages ({:.0f} %)", tried, all,
					      100 * double(tried) / double(all)));
		return !tried || (steady_clock::now() < deadline && !stop.arrived());
	});
}

} /* namespace */

int estimate(const knobs &knobs, const std::string &proc, const estimate_options &options)
{
	const stop_signals stop;
	allow_many_files();
	std::optional<live_line> line(std::in_place);
	const survey survey = survey_of(proc, selected(proc, options.of), stop, *line);
	const looked looked = look_at(survey, options.seconds, stop, *line);

	if (looked.tried.all && !looked.there.all)
		throw error("none of the pages could be read",
			    "have the processes ended meanwhile? try again");
	estimate_report report = {
		survey, looked, work_out(survey, looked, terms_of(knobs)), {}, options.settle};

	if (options.settle > 0 && !stop.wait_until(steady_clock::now() + seconds(options.settle)))
		report.changed_part = changed_part(survey.pages(), looked);
	line.reset();
	if (options.json)
		fmt::print("{}\n", estimate_record(report));
	else
		print_estimate(report);
	if (survey.hidden() && !options.json)
		say(fmt::format("the memory of {} more may not be read", survey.hidden()), by_root);
	return 0;
}

} /* namespace ksm */
