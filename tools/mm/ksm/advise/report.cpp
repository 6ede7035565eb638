// SPDX-License-Identifier: GPL-2.0
#include "advise/report.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <unistd.h>

#include "format.hpp"
#include "json_record.hpp"
#include "output.hpp"
#include "text.hpp"
#include "utf8.hpp"

namespace ksm
{
namespace
{

std::string outcome_text(const advised_process &process, bool offers)
{
	const std::string who = fmt::format("{} ({})", printable(process.name), process.pid);
	const char *verb = offers ? "offered" : "withdrew";

	if (process.ended)
		return fmt::format("{} has ended", who);
	if (process.bytes)
		return fmt::format("{} {} of {}, with {} in use", verb, bytes_text(process.bytes),
				   who, bytes_text(process.used_bytes));
	if (offers && process.done_bytes)
		return fmt::format("{} offers all its memory already", who);
	return offers ? fmt::format("{} has no memory to offer", who)
		      : fmt::format("{} offers nothing", who);
}

std::string cure(const advised_process &process, advice advice)
{
	switch (process.err) {
	case EACCES:
	case EPERM:
		return "run ksmctl as root, on the host of containers: it takes CAP_SYS_NICE, and "
		       "the right to trace the process";
	case EAGAIN:
		return advice == advice::offer
			       ? "free some memory, or raise vm.max_map_count if the process has "
				 "that many mappings; then the same command goes on"
			       : "each page that was shared needs one of its own: free some "
				 "memory, "
				 "add swap, or raise the memory.max of its cgroup; then the same "
				 "command goes on";
	case EINTR:
		return "the same command goes on with it";
	default:
		return "see dmesg for what the kernel says about it";
	}
}

void say_failure(const advised_process &process, advice advice)
{
	const char *why = process.err == EINTR ? "stopped" : std::strerror(process.err);
	std::string text = fmt::format("cannot {} the memory of {} ({}): {}",
				       advice == advice::offer ? "offer" : "withdraw",
				       printable(process.name), process.pid, why);

	if (process.left_bytes)
		text += fmt::format("; {} are left", bytes_text(process.left_bytes));
	say(text, cure(process, advice));
}

} /* namespace */

void print_advised(const std::vector<advised_process> &processes, advice advice, bool all)
{
	std::int64_t bytes = 0, changed = 0;
	std::size_t forbidden = 0;

	for (const advised_process &process : processes) {
		bytes += process.bytes;
		changed += process.bytes != 0;
		if (process.bytes || (!all && !process.err))
			print_wrapped(outcome_text(process, advice == advice::offer));
		if (all && process.is_forbidden())
			forbidden++;
		else if (process.err)
			say_failure(process, advice);
	}
	if (changed > 1)
		print_wrapped(
			fmt::format("together {} of {} processes", bytes_text(bytes), changed));
	if (!changed && all && !forbidden)
		print_wrapped(advice == advice::offer ? "there is nothing more to offer"
						      : "no process offers anything");
	if (changed)
		print_wrapped("Memory that is mapped later is not included: run the same command "
			      "again for that.");
	if (forbidden)
		say(fmt::format("no right to the memory of {} {}", forbidden,
				changed ? "more" : "processes"),
		    "run ksmctl as root, on the host of containers");
}

std::string advised_record(const std::vector<advised_process> &processes, advice advice)
{
	json out = new_record(advice == advice::offer ? "offer" : "withdraw");

	out["processes"] = json::array();
	for (const advised_process &process : processes)
		out["processes"].push_back(
			{{"pid", std::stoll(process.pid)},
			 {"name", valid_utf8(process.name)},
			 {"bytes", process.bytes},
			 {"used_bytes", process.used_bytes},
			 {"left_bytes", process.left_bytes},
			 {"ended", process.ended},
			 {"error", process.err ? json(std::strerror(process.err)) : json()}});
	return out.dump(2);
}

} /* namespace ksm */
