// SPDX-License-Identifier: GPL-2.0
#include "preflight.hpp"

#include <algorithm>

#include "cgroup_room.hpp"
#include "format.hpp"
#include "lib/proc/amounts.hpp"
#include "lib/proc/victims.hpp"
#include "sample.hpp"
#include "text.hpp"
#include "utf8.hpp"

namespace ksm
{
namespace
{

constexpr std::int64_t least_margin = 32 << 20;
constexpr std::int64_t margin_part = 50;
constexpr std::size_t most_victims = 3;

std::string victims_text(const std::string &proc)
{
	std::string text;

	for (const victim &victim : first_victims(proc, most_victims))
		text += fmt::format("{}{} (PID {}, {})", text.empty() ? "" : ", ",
				    printable(victim.name), victim.pid,
				    bytes_text(victim.resident_bytes));
	return text.empty() ? "" : "; if memory runs out, the kernel kills first: " + text;
}

std::optional<error> no_room_on_machine(const sample &sample, const std::string &proc)
{
	const amounts memory = read_amounts(proc + "/meminfo");
	const auto available = amount_of(memory, "MemAvailable");
	const auto total = amount_of(memory, "MemTotal");
	const auto needed = sample.saved_bytes;

	if (!available || !total)
		return std::nullopt;

	const std::int64_t margin = std::max(*total / margin_part, least_margin);
	const std::int64_t room = *available + amount_of(memory, "SwapFree").value_or(0);

	if (*needed + margin <= room)
		return std::nullopt;
	return error(fmt::format("to unshare everything takes {}, and {} are there (MemAvailable "
				 "and SwapFree), of which {} must stay free{}",
				 bytes_text(needed), bytes_text(room), bytes_text(margin),
				 victims_text(proc)),
		     "free memory or add swap first, or do it all the same by --force");
}

} /* namespace */

std::optional<error> no_room_to_unshare(const knobs &knobs, const std::string &proc)
{
	const sample sample = take_sample(knobs, ksmd(proc));

	if (!sample.saved_bytes || !*sample.saved_bytes)
		return std::nullopt;
	if (const auto harm = no_room_on_machine(sample, proc))
		return harm;
	return no_room_in_cgroup(sample, proc);
}

} /* namespace ksm */
