// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"

#include <algorithm>
#include <chrono>

#include "chosen.hpp"
#include "error.hpp"
#include "format.hpp"
#include "json_record.hpp"
#include "lib/proc/mappings.hpp"
#include "live_line.hpp"
#include "output.hpp"
#include "passes.hpp"
#include "stop_signals.hpp"
#include "text.hpp"
#include "visits.hpp"

namespace ksm
{
namespace
{

using std::chrono::steady_clock;

constexpr std::int64_t passes_wanted = 2;
constexpr std::chrono::milliseconds interval(100);

/* Throws where ksmd would never come to the end of a pass. */
void must_scan(const knobs &knobs)
{
	const auto run = knobs.number("run");

	if (run && *run != 1)
		throw error("KSM is stopped: there would be no pass to wait for",
			    "start it by 'ksmctl start'");
	if (knobs.number("pages_to_scan") == 0)
		throw error("pages_to_scan is 0: there would be no pass to wait for",
			    "'ksmctl set pages_to_scan=100', or more, lets ksmd scan");
}

std::int64_t full_scans(const knobs &knobs)
{
	if (const auto count = knobs.number("full_scans"))
		return *count;
	throw error("the number of passes cannot be read",
		    "run ksmctl as root, and on the host, not in a container");
}

/* True only if that is sure: processes of others do not tell. */
bool offers_nothing(const process &process)
{
	const auto offered = offered_bytes(process);

	return offered ? !*offered : !process.hidden();
}

/* Then ksmd sleeps, and no pass ends. */
bool nothing_left(const std::string &proc, const std::string &pid)
{
	return pid.empty() ? std::ranges::all_of(processes(proc), offers_nothing)
			   : offers_nothing(process(proc + "/" + pid));
}

void must_offer(const std::string &proc, const std::string &pid)
{
	if (!pid.empty())
		chosen(proc, {pid});
	if (nothing_left(proc, pid))
		throw error(pid.empty() ? "no process offers memory: there would be no pass to "
					  "wait for"
					: "process " + pid + " offers no memory",
			    fmt::format("'ksmctl offer {}' does it", pid.empty() ? "PID" : pid));
}

std::string progress_text(const passes &passes, std::optional<std::int64_t> last_took,
			  const visits &visits)
{
	const std::int64_t done = std::min(passes.done(), passes_wanted);
	std::string text = fmt::format("{} of {} passes done", done, passes_wanted);

	if (!passes.begun())
		return text;
	if (const auto percent = visits.percent())
		return text + fmt::format(", the next at {} % of the memory", *percent);
	if (!last_took || *last_took <= 0)
		return text;
	const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(
		steady_clock::now() - *passes.begun());
	return text + fmt::format(", the next at {} %, as the last took {}",
				  std::min<std::int64_t>(99, 100 * since.count() / *last_took),
				  duration_text(std::uint64_t(*last_took)));
}

/*
 * Each page that ksmd has seen once only, or has found changed, is volatile until it sees it
 * again. Those without a record are not counted.
 */
class quiet
{
public:
	explicit quiet(const knobs &knobs) : knobs_(knobs), left_out_(left_out()) {}

	/* Twice in a row: the kernel adds up what changes meanwhile. */
	bool look()
	{
		looks_ = knobs_.number("pages_volatile") == 0 && left_out() == left_out_
				 ? looks_ + 1
				 : 0;
		return looks_ > 1;
	}

private:
	std::optional<std::int64_t> left_out() const { return knobs_.number("pages_unslotted"); }

	const knobs &knobs_;
	std::optional<std::int64_t> left_out_;
	int looks_ = 0;
};

enum class ending { all_passes, all_known, nothing_left };

ending wait_for(passes &passes, const knobs &knobs, const std::string &proc, const std::string &pid)
{
	const stop_signals stop;
	live_line line;
	/* Ever more seldom: where ksm_stat does not tell, it takes a walk of page tables. */
	std::chrono::seconds pause(2);
	auto look_at_processes = steady_clock::now() + pause;
	visits visits(knobs);
	quiet quiet(knobs);

	while (passes.done() < passes_wanted) {
		const auto now = steady_clock::now();

		if (stop.wait_until(now + interval))
			throw error(fmt::format("stopped: {}", progress_text(passes, {}, visits)),
				    "ksmd goes on; 'ksmctl wait' begins to count anew");
		must_scan(knobs);
		passes.look(full_scans(knobs), now);
		visits.look(passes.seen());
		/* One pass is enough if all that it found is known by now. */
		if (passes.done() && quiet.look())
			return ending::all_known;
		if (line.is_due())
			line.show(progress_text(passes, knobs.number("full_scan_msecs"), visits));
		if (now >= look_at_processes) {
			pause *= 2;
			look_at_processes = now + pause;
			if (nothing_left(proc, pid))
				return ending::nothing_left;
		}
	}
	return ending::all_passes;
}

} /* namespace */

int wait(const knobs &knobs, const std::string &proc, const wait_options &options)
{
	const auto start = steady_clock::now();

	must_scan(knobs);
	must_offer(proc, options.pid);
	passes passes(full_scans(knobs));
	const ending ending = wait_for(passes, knobs, proc, options.pid);
	const std::chrono::duration<double> took = steady_clock::now() - start;

	if (options.json) {
		json out = new_record("wait");

		out["passes"] = passes.done();
		out["seconds"] = took.count();
		out["nothing_left"] = ending == ending::nothing_left;
		fmt::print("{}\n", out.dump(2));
		return 0;
	}
	if (ending == ending::nothing_left) {
		print_wrapped(
			options.pid.empty()
				? "no process offers memory any more"
				: fmt::format("process {} has ended, or offers nothing any more",
					      options.pid));
		return 0;
	}
	print_wrapped(fmt::format("{}{} after {}",
				  ending == ending::all_known
					  ? "all that is offered is known to ksmd, and nothing of "
					    "it changes: "
					  : "",
				  passes.text(),
				  duration_text(std::uint64_t(1000 * took.count()))));
	return 0;
}

} /* namespace ksm */
