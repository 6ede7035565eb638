// SPDX-License-Identifier: GPL-2.0
#include "watch_table.hpp"

#include <string>

#include <unistd.h>

#include "fitting.hpp"
#include "format.hpp"
#include "text.hpp"

namespace ksm
{
namespace
{

constexpr std::size_t rows_per_heading = 20;

struct row {
	double seconds;
	const sample &figures;
	std::optional<double> cpu;
};

struct column {
	const char *title;
	std::size_t width;
	int rank; /* the highest are left out first */
	std::string (*text)(const row &row, std::size_t width);
};

template <sample::count sample::*member> std::string count(const row &row, std::size_t width)
{
	return short_count(row.figures.*member, width);
}

std::string seconds(const row &row, std::size_t width)
{
	const std::string text = fmt::format("{:.1f}", row.seconds);

	return text.size() <= width ? text : fmt::format("{:.0f}", row.seconds);
}

std::string saved(const row &row, std::size_t)
{
	return bytes_text(row.figures.saved_bytes);
}

std::string cpu(const row &row, std::size_t)
{
	return row.cpu ? fmt::format("{:.1f}", *row.cpu) : "-";
}

constexpr column columns[] = {
	{"seconds", 7, 0, seconds},
	{"shared", 8, 4, count<&sample::shared>},
	{"sharing", 8, 1, count<&sample::sharing>},
	{"unshared", 8, 5, count<&sample::unshared>},
	{"volatile", 8, 6, count<&sample::volatile_pages>},
	{"zero", 8, 7, count<&sample::zero_pages>},
	{"saved", 10, 0, saved},
	{"scans", 6, 3, count<&sample::full_scans>},
	{"ksmd %", 6, 2, cpu},
};

} /* namespace */

void watch_table::print(double seconds, const sample &sample, std::optional<double> cpu)
{
	const std::size_t width = line_width(STDOUT_FILENO);
	const auto chosen = fitting<column>(columns, width);
	const row row = {seconds, sample, cpu};
	std::string heading, text;

	for (const column *c : chosen) {
		const char *gap = text.empty() ? "" : " ";

		heading += fmt::format("{}{:>{}}", gap, c->title, c->width);
		text += fmt::format("{}{:>{}}", gap, c->text(row, c->width), c->width);
	}
	if (rows_ == 0 || width != width_)
		fmt::print("{}\n", heading);
	rows_ = width == width_ ? (rows_ + 1) % rows_per_heading : 1;
	width_ = width;
	fmt::print("{}\n", text);
}

void print_summary(const course &course)
{
	const std::size_t width = line_width(STDOUT_FILENO);
	const sample &peak = course.peak();
	const auto cpu = course.cpu_seconds();
	constexpr std::size_t indent = 6;

	if (!peak.saved_bytes)
		fmt::print("peak: unknown, the counters are hidden\n");
	else if (!*peak.saved_bytes)
		fmt::print("peak: nothing was merged\n");
	else
		fmt::print("{}\n",
			   wrap(fmt::format("peak: {} saved after {:.1f} s, {:.0f} % of it after "
					    "{:.1f} s; {} shared, {} sharing, {} zero",
					    bytes_text(peak.saved_bytes), course.seconds(peak),
					    100 * course::most, course.seconds_until(course::most),
					    count_text(peak.shared), count_text(peak.sharing),
					    count_text(peak.zero_pages)),
				width, indent));
	fmt::print("{}\n", wrap(fmt::format("ksmd: {} s of CPU in {:.1f} s, {} full scans",
					    cpu ? fmt::format("{:.2f}", *cpu) : "-",
					    course.wall_seconds(), count_text(course.full_scans())),
				width, indent));
}

} /* namespace ksm */
