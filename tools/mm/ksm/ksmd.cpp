// SPDX-License-Identifier: GPL-2.0
#include "ksmd.hpp"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>

#include <unistd.h>

#include "lib/proc/process.hpp"

namespace fs = std::filesystem;

namespace ksm
{
namespace
{

/* Any program may call itself ksmd; only a kernel thread has no arguments. */
bool is_ksmd(const process &process)
{
	return process.program() == "ksmd" && process.arguments().empty();
}

} /* namespace */

ksmd::ksmd(const fs::path &proc)
{
	const std::vector<process> all = processes(proc);

	if (const auto found = std::ranges::find_if(all, is_ksmd); found != all.end())
		dir_ = found->dir();
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
