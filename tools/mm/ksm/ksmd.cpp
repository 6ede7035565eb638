// SPDX-License-Identifier: GPL-2.0
#include "ksmd.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <fstream>
#include <string>

#include <unistd.h>

namespace fs = std::filesystem;

namespace ksm
{
namespace
{

/* Any program may call itself ksmd; only a kernel thread has no executable. */
bool is_ksmd(const fs::path &dir)
{
	std::ifstream comm(dir / "comm");
	std::ifstream cmdline(dir / "cmdline");
	std::string name;

	return std::getline(comm, name) && name == "ksmd" &&
	       cmdline.peek() == std::ifstream::traits_type::eof();
}

bool is_pid(const fs::path &dir)
{
	return std::ranges::all_of(dir.filename().string(),
				   [](unsigned char c) { return std::isdigit(c); });
}

} /* namespace */

ksmd::ksmd(fs::path proc)
{
	std::error_code ec;

	for (const auto &entry : fs::directory_iterator(proc, ec)) {
		if (is_pid(entry.path()) && is_ksmd(entry.path())) {
			dir_ = entry.path();
			break;
		}
	}
}

std::optional<std::chrono::nanoseconds> ksmd::cpu_time() const
{
	if (dir_.empty())
		return std::nullopt;

	std::ifstream schedstat(dir_ / "schedstat");
	std::int64_t ns = 0;

	if (schedstat >> ns)
		return std::chrono::nanoseconds(ns);

	/* No CONFIG_SCHED_INFO: utime and stime, fields 14 and 15, in ticks. */
	std::ifstream stat(dir_ / "stat");
	std::string word;
	std::int64_t user = 0, system = 0;

	for (int field = 1; field <= 13; field++)
		stat >> word;
	if (!(stat >> user >> system))
		return std::nullopt;

	const std::int64_t tick_ns = 1'000'000'000 / sysconf(_SC_CLK_TCK);
	return std::chrono::nanoseconds((user + system) * tick_ns);
}

} /* namespace ksm */
