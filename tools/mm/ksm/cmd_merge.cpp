// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"

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

struct merged {
	std::string pid;
	std::string name;
	std::int64_t pages = 0;
	double seconds = 0;
	bool ended = false;
	bool offers = true;
};

/* What the last write to the file has merged; nothing if the process is gone. */
std::optional<std::int64_t> merged_pages(const std::string &file)
{
	try {
		return number_in(read_text(file));
	} catch (const std::system_error &) {
		return std::nullopt;
	}
}

error failure(const merged &process, int err)
{
	const std::string what = fmt::format("cannot merge the memory of {} ({})",
					     printable(process.name), process.pid);

	switch (err) {
	case ENOENT:
		return error("this kernel cannot merge the memory of a process at once",
			     fmt::format("'ksmctl wait --pid {}' waits until ksmd has gone over it",
					 process.pid));
	case EOPNOTSUPP:
		return error(what + ": KSM is stopped", "start it by 'ksmctl start'");
	case EACCES:
	case EPERM:
		return error(what + ": it may be traced by others only",
			     "run ksmctl as root, on the host of containers");
	case EINTR:
		return error(fmt::format("stopped: {} pages of {} ({}) are merged", process.pages,
					 printable(process.name), process.pid),
			     "the same command goes on with it");
	default:
		return error(fmt::format("{}: {}", what, std::strerror(err)),
			     err == ENOMEM ? "free some memory and try again"
					   : "see dmesg for what the kernel says about it");
	}
}

merged merge_process(const process &process)
{
	merged merged = {.pid = process.pid(), .name = process.name()};
	const std::string file = process.dir() / "ksm_merge";
	const auto start = steady_clock::now();
	std::error_code ec;
	int err;

	{
		const interruptible interruptible;
		err = write_text(file, "1");
	}
	merged.seconds = std::chrono::duration<double>(steady_clock::now() - start).count();
	merged.ended = err == ESRCH || !std::filesystem::exists(process.dir(), ec);
	if (merged.ended)
		return merged;
	if (!err || err == EINTR)
		merged.pages = merged_pages(file).value_or(0);
	if (err)
		throw failure(merged, err);
	if (const auto stat = process.stat())
		merged.offers = stat->mergeable.value_or(true);
	return merged;
}

void print(const merged &merged)
{
	const std::string who = fmt::format("{} ({})", printable(merged.name), merged.pid);

	if (merged.ended)
		print_wrapped(who + " has ended");
	else if (!merged.offers)
		print_wrapped(fmt::format("{} offers nothing: 'ksmctl offer {}' does it", who,
					  merged.pid));
	else
		print_wrapped(fmt::format("merged {} pages ({}) of {} in {}", merged.pages,
					  bytes_text(bytes_of(merged.pages)), who,
					  duration_text(std::uint64_t(1000 * merged.seconds))));
}

std::string record(const std::vector<merged> &all)
{
	json out = new_record("merge");

	out["processes"] = json::array();
	for (const merged &merged : all)
		out["processes"].push_back({{"pid", std::stoll(merged.pid)},
					    {"name", valid_utf8(merged.name)},
					    {"merged_pages", merged.pages},
					    {"seconds", merged.seconds},
					    {"ended", merged.ended}});
	return out.dump(2);
}

} /* namespace */

int merge(const std::string &proc, const advise_options &options)
{
	std::vector<merged> all;

	for (const process &process : selected(proc, options.of)) {
		/* Kernel threads have no memory, and most processes offer none. */
		const auto stat = process.stat();

		if (options.of.all && (!stat || stat->mergeable == false))
			continue;
		all.push_back(merge_process(process));
		if (!options.json)
			print(all.back());
	}
	if (options.json)
		fmt::print("{}\n", record(all));
	else if (all.empty())
		print_wrapped("no process offers anything");
	return 0;
}

} /* namespace ksm */
