// SPDX-License-Identifier: GPL-2.0
#include "json_record.hpp"

#include <cstdio>
#include <ctime>
#include <string>

#include <unistd.h>

namespace ksm
{
namespace
{

/* Goes up when a member changes its meaning or goes away, not when one is added. */
constexpr int schema_version = 1;

std::string time_now()
{
	struct timespec now;
	struct tm utc;
	char text[64], milliseconds[8];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	std::strftime(text, sizeof(text), "%FT%T", &utc);
	std::snprintf(milliseconds, sizeof(milliseconds), ".%03dZ",
		      int(now.tv_nsec / 1'000'000) % 1000);
	return std::string(text) + milliseconds;
}

} /* namespace */

json new_record(const char *kind)
{
	return {{"schema_version", schema_version},
		{"kind", kind},
		{"time", time_now()},
		{"page_size", sysconf(_SC_PAGESIZE)}};
}

} /* namespace ksm */
