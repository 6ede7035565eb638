// SPDX-License-Identifier: GPL-2.0
#include "attack/report.hpp"

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "attack/statistics.hpp"
#include "lib/json.hpp"

namespace ksm
{

namespace
{

/* Some hundred intervals of a run do not cover what they should once in many runs. */
constexpr double level = 0.9999;

/* What the samples of a column say. */
struct verdict_of {
	explicit verdict_of(const column_samples &its)
		: area(roc_of(its.matched, its.control, level)),
		  apart(distance_of(its.matched, its.control))
	{
		/* What little chance brings is no information. */
		if (!area.covers(0.5) || apart.probability < 1 - level)
			bits = information_of(its.matched, its.control);
	}

	roc area;
	distance apart;
	double bits = 0;
};

void flush()
{
	if (std::fflush(stdout) || std::ferror(stdout))
		throw std::system_error(errno, std::generic_category(), "cannot write the result");
}

void print(const json &row)
{
	std::puts(row.dump().c_str());
}

} /* namespace */

void print_findings(const setting &where, const findings &found, bool as_json)
{
	for (const column_samples &its : found.columns) {
		const verdict_of verdict(its);
		const std::size_t count = its.matched.size() + its.control.size();
		const double per_hour = verdict.bits * double(count) / found.seconds * 3600;

		std::printf("# %s, %s: %s: %zu samples, AUC %.3f (%.3f to %.3f), "
			    "%.3g bits per hour, %.0f %% merged\n",
			    where.mode.c_str(), where.holders.c_str(), its.what.name, count,
			    verdict.area.area, verdict.area.low, verdict.area.high, per_hour,
			    found.merged * 100);
		if (as_json)
			print({
				{"mode", where.mode},
				{"holders", where.holders},
				{"channel", its.what.name},
				{"unit", its.what.unit},
				{"trials", found.trials},
				{"matched", its.matched.size()},
				{"control", its.control.size()},
				{"auc", verdict.area.area},
				{"low", verdict.area.low},
				{"high", verdict.area.high},
				{"level", level},
				{"ks", verdict.apart.greatest},
				{"ks_p", verdict.apart.probability},
				{"bits", verdict.bits},
				{"bits_per_hour", per_hour},
				{"seconds", found.seconds},
				{"merged", found.merged},
				{"median_matched", median_of(its.matched)},
				{"median_control", median_of(its.control)},
			});
	}
	flush();
}

void print_skipped(const setting &where, const std::string &channel, const std::string &reason,
		   bool as_json)
{
	std::printf("# %s, %s: %s: SKIP: %s\n", where.mode.c_str(), where.holders.c_str(),
		    channel.c_str(), reason.c_str());
	if (as_json)
		print({
			{"mode", where.mode},
			{"holders", where.holders},
			{"channel", channel},
			{"skip", reason},
		});
	flush();
}

} /* namespace ksm */
