// SPDX-License-Identifier: GPL-2.0
#include "text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include <sys/ioctl.h>

#include "format.hpp"
#include "lib/sysfs.hpp"

namespace ksm
{
namespace
{

constexpr std::size_t usual_width = 80;
constexpr std::size_t least_width = 20;

std::size_t terminal_width(int fd)
{
	struct winsize size = {};

	if (!ioctl(fd, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;

	const char *columns = std::getenv("COLUMNS");
	const auto number = number_in(columns ? columns : "");
	return number && *number > 0 ? std::size_t(*number) : usual_width;
}

void wrap_line(std::string_view line, std::size_t width, std::size_t indent, std::string &out)
{
	std::size_t margin = 0; /* what this piece is indented by */

	for (;;) {
		const std::size_t text = line.find_first_not_of(' ');

		if (margin + line.size() <= width || text == line.npos)
			break;
		std::size_t at = line.rfind(' ', width > margin ? width - margin : 0);
		if (at == line.npos || at <= text)
			at = line.find(' ', text);
		const std::size_t next = line.find_first_not_of(' ', at);
		if (at == line.npos || next == line.npos)
			break;
		out.append(line.substr(0, line.find_last_not_of(' ', at) + 1));
		out.append("\n").append(indent, ' ');
		line.remove_prefix(next);
		margin = indent;
	}
	out.append(line);
}

} /* namespace */

std::size_t line_width(int fd)
{
	/* One less: some terminals go to the next line with the last column. */
	return std::max(terminal_width(fd), least_width) - 1;
}

std::string wrap(std::string_view text, std::size_t width, std::size_t indent)
{
	std::string out;

	for (;;) {
		const std::size_t end = text.find('\n');

		wrap_line(text.substr(0, end), width, indent, out);
		if (end == text.npos)
			return out;
		out.push_back('\n');
		text.remove_prefix(end + 1);
	}
}

std::string bytes_text(std::optional<std::int64_t> bytes)
{
	static constexpr std::array units = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	std::size_t unit = 0;

	if (!bytes)
		return "-";
	double amount = double(*bytes);
	/* 1023.999 would be printed as 1024.0 */
	for (; std::abs(amount) >= 1023.95 && unit + 1 < units.size(); unit++)
		amount /= 1024;
	if (!unit)
		return fmt::format("{} {}", *bytes, units[unit]);
	const int decimals = unit > 2 && std::abs(amount) < 100 ? 2 : 1;
	return fmt::format("{:.{}f} {}", amount, decimals, units[unit]);
}

std::string count_text(std::optional<std::int64_t> count)
{
	return count ? fmt::format("{}", *count) : "-";
}

std::string short_count(std::optional<std::int64_t> count, std::size_t width)
{
	std::string text = count_text(count);

	if (!count)
		return text;
	double amount = double(*count);
	for (const char unit : {'k', 'M', 'G', 'T'}) {
		if (text.size() <= width)
			break;
		amount /= 1000;
		text = fmt::format("{:.0f}{}", amount, unit);
	}
	return text;
}

std::string passes_text(std::optional<std::int64_t> count, std::optional<std::int64_t> milliseconds)
{
	if (count == 0)
		return "none is complete yet";
	return fmt::format("{}, the last took {}", count_text(count),
			   milliseconds ? duration_text(std::uint64_t(*milliseconds)) : "-");
}

std::string duration_text(std::uint64_t milliseconds)
{
	constexpr double second = 1000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
	const double amount = double(milliseconds);

	if (amount < second)
		return fmt::format("{} ms", milliseconds);
	if (amount < 2 * minute)
		return fmt::format("{:.3g} s", amount / second);
	if (amount < 2 * hour)
		return fmt::format("{:.3g} minutes", amount / minute);
	if (amount < 2 * day)
		return fmt::format("{:.3g} hours", amount / hour);
	return fmt::format("{:.1f} days", amount / day);
}

} /* namespace ksm */
