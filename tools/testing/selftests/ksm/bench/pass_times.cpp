// SPDX-License-Identifier: GPL-2.0
#include "pass_times.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <sstream>
#include <stdexcept>

#include <unistd.h>

#include "lib/sysfs.hpp"

namespace ksm
{
namespace
{

/* Of a line of the trace, "ksmd-24 [000] ..... 12.345678: ksm_stop_scan: seq 5 ...". */
std::optional<std::uint64_t> time_of(const std::string &line, const std::string &event)
{
	std::size_t end = line.find(": " + event + ": ");

	if (end == std::string::npos)
		return {};
	std::size_t begin = line.rfind(' ', end) + 1;

	return std::uint64_t(std::llround(std::stod(line.substr(begin, end - begin)) * 1e9));
}

} /* namespace */

pass_times::pass_times()
{
	for (const char *place : {"/sys/kernel/tracing/", "/sys/kernel/debug/tracing/"})
		if (directory_.empty() &&
		    !access((std::string(place) + "events/ksm").c_str(), F_OK))
			directory_ = place;
	if (directory_.empty())
		throw std::runtime_error("no tracefs with events/ksm to time passes by");
	if (write_text(directory_ + "trace_clock", "mono"))
		throw std::runtime_error("events cannot be timed by the monotonic clock");
	record("1");
	write_text(directory_ + "trace", " ");
	write_text(directory_ + "tracing_on", "1");
}

pass_times::~pass_times()
{
	record("0");
	write_text(directory_ + "trace", " ");
}

void pass_times::record(const char *events) const
{
	for (const char *event : {"ksm_start_scan", "ksm_stop_scan"})
		write_text(directory_ + "events/ksm/" + event + "/enable", events);
}

pass_times::passes pass_times::seen() const
{
	std::istringstream lines(read_text(directory_ + "trace"));
	std::optional<std::uint64_t> began;
	passes all;

	for (std::string line; std::getline(lines, line);) {
		if (auto start = time_of(line, "ksm_start_scan")) {
			began = start;
			continue;
		}
		auto end = time_of(line, "ksm_stop_scan");

		if (!end || !began)
			continue;
		std::uint64_t took = *end - *began;

		all.least_ns = all.number ? std::min(all.least_ns, took) : took;
		all.most_ns = std::max(all.most_ns, took);
		all.total_ns += took;
		all.number++;
		began.reset();
	}
	return all;
}

} /* namespace ksm */
