// SPDX-License-Identifier: GPL-2.0
#include "ksmtuned/duration.hpp"

#include <charconv>
#include <cmath>

#include "format.hpp"

namespace ksm::tuned
{
namespace
{

constexpr double least = 0.1, minute = 60, hour = 60 * minute, day = 24 * hour, year = 365 * day;

std::optional<double> unit_in(std::string_view text)
{
	if (text.empty() || text == "s")
		return 1;
	if (text == "m")
		return minute;
	if (text == "h")
		return hour;
	if (text == "d")
		return day;
	return std::nullopt;
}

} /* namespace */

std::optional<std::chrono::milliseconds> duration_in(std::string_view text)
{
	const char *end = text.data() + text.size();
	double amount = 0;
	const auto [at, ec] = std::from_chars(text.data(), end, amount, std::chars_format::fixed);
	const auto unit = unit_in({at, std::size_t(end - at)});

	if (ec != std::errc() || !unit)
		return std::nullopt;
	const double seconds = amount * *unit;
	if (!(seconds >= least && seconds <= year))
		return std::nullopt;
	return std::chrono::milliseconds(std::llround(seconds * 1000));
}

std::string duration_text(std::chrono::milliseconds duration)
{
	if (duration.count() % 1000)
		return fmt::format("{}.{:03}", duration.count() / 1000, duration.count() % 1000);
	return std::to_string(duration.count() / 1000);
}

} /* namespace ksm::tuned */
