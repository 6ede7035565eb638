// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "advise/advise.hpp"
#include "advise/report.hpp"
#include "advise/running_process.hpp"
#include "error.hpp"
#include "format.hpp"
#include "live_line.hpp"
#include "output.hpp"
#include "stop_signals.hpp"
#include "text.hpp"
#include "utf8.hpp"

namespace ksm
{
namespace
{

error too_old(advice advice)
{
	if (advice == advice::offer)
		return error("this kernel offers memory only by the program itself",
			     "start the program by 'ksmctl run -- PROGRAM'");
	return error("this kernel withdraws memory only by the program itself",
		     "'ksmctl set run=2' unshares everything, or start the program anew");
}

/* PIDs mean nothing to the kernel but in the /proc of our own PID namespace. */
void must_be_ours(const std::string &proc)
{
	std::error_code ec;

	if (!std::filesystem::equivalent(proc, "/proc", ec))
		throw error(fmt::format("the processes in {} may be others than the kernel would "
					"take them for",
					proc),
			    "leave out --proc");
}

advised_process advise_process(const process &process, advice advice, const stop_signals &stop,
			       live_line &line)
{
	advised_process result = {.pid = process.pid(), .name = process.name()};
	/* First, so that what we read of the process is not of one that comes after it. */
	const running_process target(process.pid());
	const auto mappings = mappings_of(process);

	if (!mappings || target.ended()) {
		result.ended = target.ended();
		result.err = result.ended ? 0 : EACCES;
		return result;
	}
	const wanted wanted = wanted_of(*mappings, advice);
	const advised advised = ksm::advise(
		wanted.pieces,
		[&](std::span<const iovec> pieces) { return target.advise(pieces, advice); },
		[&](std::int64_t done) {
			if (line.is_due())
				line.show(fmt::format("{} ({}): {} done", printable(result.name),
						      result.pid, bytes_text(done)));
			return !stop.arrived();
		});

	if (advised.err == EINVAL || advised.err == ENOSYS)
		throw too_old(advice);
	result.bytes = advised.bytes;
	result.used_bytes = wanted.used_bytes;
	result.done_bytes = wanted.done_bytes;
	result.ended = advised.err == ESRCH;
	if (!result.ended) {
		result.err = advised.err;
		result.left_bytes = advised.left;
	}
	return result;
}

/* Returns the exit status. */
int advise_all(const std::string &proc, const advise_options &options, advice advice)
{
	must_be_ours(proc);
	const stop_signals stop;
	std::optional<live_line> line(std::in_place);
	std::vector<advised_process> done;

	for (const process &process : selected(proc, options.of)) {
		done.push_back(advise_process(process, advice, stop, *line));
		if (done.back().err == EINTR)
			break;
	}
	line.reset();
	if (options.json)
		fmt::print("{}\n", advised_record(done, advice));
	else
		print_advised(done, advice, options.of.all);

	/* Of all processes, to some of which we have no right, the others are enough. */
	const bool any = std::ranges::any_of(
		done, [](const advised_process &process) { return process.bytes != 0; });
	const bool failed = std::ranges::any_of(done, [&](const advised_process &process) {
		return process.err && !(options.of.all && any && process.is_forbidden());
	});
	return failed ? exit_status::failure : 0;
}

} /* namespace */

int offer(const knobs &knobs, const std::string &proc, const advise_options &options)
{
	const int status = advise_all(proc, options, advice::offer);

	if (const auto run = knobs.number("run"); run && *run != 1)
		say("ksmd is stopped, nothing merges until 'ksmctl start'");
	return status;
}

int withdraw(const std::string &proc, const advise_options &options)
{
	return advise_all(proc, options, advice::withdraw);
}

} /* namespace ksm */
