// SPDX-License-Identifier: GPL-2.0
#include "bench/report.hpp"

#include <cerrno>
#include <cstdio>
#include <iomanip>
#include <sstream>
#include <string>
#include <system_error>

#include "lib/json.hpp"

namespace ksm
{

namespace
{

void flush()
{
	if (std::fflush(stdout) || std::ferror(stdout))
		throw std::system_error(errno, std::generic_category(), "cannot write the result");
}

/* No more digits than the figures on record have. */
double rounded(double value, int digits)
{
	std::ostringstream text;

	text << std::fixed << std::setprecision(digits) << value;
	return std::stod(text.str());
}

} /* namespace */

void print_text(const scenario &scenario, const bench_options &options, const cost &cost)
{
	const counters &end = cost.after;
	double pages = double(options.pages);

	std::printf("%-24s %10.1f ns/page %s  passes %u (%.1f to %.1f)  pages %zu  "
		    "shared %ld sharing %ld unshared %ld volatile %ld zero %ld\n",
		    scenario.name, cost.per_page(), cost.wall ? "wall" : "ksmd", cost.passes,
		    double(cost.least_ns) / pages, double(cost.most_ns) / pages, options.pages,
		    end.shared, end.sharing, end.unshared, end.unstable, end.zero);
	for (const figure &each : cost.figures)
		std::printf("%24s %.3f\n", each.name.c_str(), each.value);
	flush();
}

void print_json(const scenario &scenario, const bench_options &options, const cost &cost)
{
	const counters &end = cost.after;
	json row = {
		{"scenario", scenario.name},
		{"pages", options.pages},
		{"passes", cost.passes},
		{"smart_scan", options.smart_scan ? 1 : 0},
		{"clock", cost.wall ? "wall" : "ksmd"},
		{"ns_per_page", rounded(cost.per_page(), 1)},
		{"total_ns", cost.total_ns},
		{"least_pass_ns", cost.least_ns},
		{"most_pass_ns", cost.most_ns},
		{"pages_shared", end.shared},
		{"pages_sharing", end.sharing},
		{"pages_unshared", end.unshared},
		{"pages_volatile", end.unstable},
		{"ksm_zero_pages", end.zero},
		{"full_scans", end.full_scans},
	};

	for (const progress &point : cost.series)
		row["series"].push_back(json::array({point.ns, point.merged}));
	for (const figure &each : cost.figures)
		row[each.name] = rounded(each.value, 3);
	std::puts(row.dump().c_str());
	flush();
}

} /* namespace ksm */
