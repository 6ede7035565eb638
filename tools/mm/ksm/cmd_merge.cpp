// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>

#include "error.hpp"
#include "format.hpp"
#include "interruptible.hpp"
#include "json_record.hpp"
#include "lib/page_size.hpp"
#include "output.hpp"
#include "text.hpp"
#include "utf8.hpp"

namespace ksm
{
namespace
{

using std::chrono::steady_clock;

constexpr const char *by_root = "run ksmctl as root, on the host of containers";

struct merged {
	std::string pid;
	std::string name;
	std::int64_t pages = 0;
	double seconds = 0;
	int err = 0; /* EINTR: we were told to stop */
	bool ended = false;
	bool offers = true;

	bool is_forbidden() const { return err == EACCES || err == EPERM; }
	/* What no other process would be spared. */
	bool is_for_all() const { return err == ENOENT || err == EINTR; }
};

/* What the last write to the file has freed; nothing if the process is gone. */
std::optional<std::int64_t> freed_pages(const std::string &file)
{
	try {
		return number_in(read_text(file));
	} catch (const std::system_error &) {
		return std::nullopt;
	}
}

void say_failure(const merged &merged)
{
	const std::string who = fmt::format("{} ({})", printable(merged.name), merged.pid);
	const std::string what = "cannot merge the memory of " + who;

	switch (merged.err) {
	case ENOENT:
		say("this kernel cannot merge the memory of a process at once",
		    fmt::format("'ksmctl wait --pid {}' waits until ksmd has gone over it",
				merged.pid));
		break;
	case EOPNOTSUPP:
		say(what + ": KSM is stopped, or the process has uniform faults",
		    "start it by 'ksmctl start'; with uniform faults, only root may do it");
		break;
	case EBUSY:
		say(what + ": somebody else has it merged just now",
		    "nothing need be done, or try again later");
		break;
	case EACCES:
	case EPERM:
		say(what + ": it may be traced by others only", by_root);
		break;
	case EINTR:
		say(fmt::format("stopped: {} pages of {} are freed", merged.pages, who),
		    "the same command goes on with it");
		break;
	default:
		say(fmt::format("{}: {}", what, std::strerror(merged.err)),
		    merged.err == ENOMEM ? "free some memory and try again"
					 : "see dmesg for what the kernel says about it");
	}
}

merged merge_process(const process &process)
{
	merged merged = {.pid = process.pid(), .name = process.name()};
	const std::string file = process.dir() / "ksm_merge";
	const auto start = steady_clock::now();
	std::error_code ec;

	{
		const interruptible interruptible;
		merged.err = write_text(file, "1");
	}
	merged.seconds = std::chrono::duration<double>(steady_clock::now() - start).count();
	merged.ended = merged.err == ESRCH || !std::filesystem::exists(process.dir(), ec);
	if (merged.ended)
		merged.err = 0;
	else if (!merged.err || merged.err == EINTR)
		merged.pages = freed_pages(file).value_or(0);
	if (merged.ended || merged.err)
		return merged;
	if (const auto stat = process.stat())
		merged.offers = stat->mergeable.value_or(true);
	return merged;
}

void print(const merged &merged)
{
	const std::string who = fmt::format("{} ({})", printable(merged.name), merged.pid);

	if (merged.ended)
		print_wrapped(who + " has no memory: it has ended, or is a kernel thread");
	else if (!merged.offers)
		print_wrapped(fmt::format("{} offers nothing: 'ksmctl offer {}' does it", who,
					  merged.pid));
	else
		print_wrapped(fmt::format("freed {} pages ({}) of {} in {}", merged.pages,
					  bytes_text(bytes_of(merged.pages)), who,
					  duration_text(std::uint64_t(1000 * merged.seconds))));
}

std::string record(const std::vector<merged> &all)
{
	json out = new_record("merge");

	out["processes"] = json::array();
	for (const merged &merged : all)
		out["processes"].push_back(
			{{"pid", std::stoll(merged.pid)},
			 {"name", valid_utf8(merged.name)},
			 {"freed_pages", merged.pages},
			 {"seconds", merged.seconds},
			 {"ended", merged.ended},
			 {"error", merged.err ? json(std::strerror(merged.err)) : json()}});
	return out.dump(2);
}

/* Returns the exit status. Of all processes, some may be others' as long as one is ours. */
int say_failures(const std::vector<merged> &all, std::size_t hidden, bool unnamed)
{
	bool failed = false;

	for (const merged &merged : all) {
		if (unnamed && merged.is_forbidden()) {
			hidden++;
		} else if (merged.err) {
			say_failure(merged);
			failed = true;
		}
	}
	const bool any = std::ranges::any_of(all, [](const merged &one) { return !one.err; });
	if (hidden)
		say(fmt::format("no right to the memory of {} {}", hidden,
				any ? "more" : "processes"),
		    by_root);
	return failed || (hidden && !any) ? exit_status::failure : 0;
}

} /* namespace */

int merge(const knobs &knobs, const std::string &proc, const advise_options &options)
{
	if (const auto run = knobs.number("run"); run && *run != 1)
		throw error("KSM is stopped: nothing can be merged", "start it by 'ksmctl start'");

	std::vector<merged> all;
	std::size_t hidden = 0;

	for (const process &process : selected(proc, options.of)) {
		/* Kernel threads have no memory, and most processes offer none. */
		const auto stat = process.stat();

		if (options.of.all && (!stat || stat->mergeable == false)) {
			hidden += process.hidden();
			continue;
		}
		all.push_back(merge_process(process));
		if (!options.json && !all.back().err)
			print(all.back());
		if (all.back().is_for_all())
			break;
	}
	if (options.json)
		fmt::print("{}\n", record(all));
	else if (all.empty() && !hidden)
		print_wrapped("no process offers anything");
	return say_failures(all, hidden, options.of.all);
}

} /* namespace ksm */
