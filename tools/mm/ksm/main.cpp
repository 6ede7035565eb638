// SPDX-License-Identifier: GPL-2.0
/*
 * ksmctl - look at KSM, and steer it.
 */
#include "commands.hpp"
#include "error.hpp"
#include "format.hpp"
#include "lib/proc/root.hpp"
#include "opt_in.hpp"
#include "options.hpp"
#include "output.hpp"

namespace
{

bool hidden(const ksm::knobs &knobs)
{
	return !knobs.exist() && knobs.path() == ksm::default_sysfs && ksm::kernel_has_ksm();
}

void must_exist(const ksm::knobs &knobs)
{
	if (knobs.exist())
		return;
	if (hidden(knobs))
		throw ksm::error(knobs.path() + " is hidden here, as in a container",
				 "run ksmctl on the host, or mount sysfs on /sys");
	throw ksm::error(knobs.path() + " is not there",
			 "mount sysfs on /sys, or run a kernel built with CONFIG_KSM=y");
}

int dispatch(const ksm::options &options)
{
	const ksm::knobs knobs(options.sysfs);
	const bool only_of_ours =
		options.command == ksm::command::offer || options.command == ksm::command::withdraw;

	if (!only_of_ours)
		ksm::see_as_proc(options.proc);

	if (options.command == ksm::command::run)
		return ksm::run(knobs, options.program);

	if (options.command == ksm::command::estimate)
		return ksm::estimate(knobs, options.proc, options.estimate);
	const bool persistent =
		options.command == ksm::command::enable || options.command == ksm::command::disable;
	const bool sets_knobs = options.persist.live && options.persist.unit.empty();
	const bool needs_no_knobs =
		options.command == ksm::command::ps || options.command == ksm::command::offer ||
		options.command == ksm::command::withdraw || options.command == ksm::command::merge;
	if (options.command == ksm::command::status && hidden(knobs))
		ksm::say("warning: " + knobs.path() + " is hidden here, as in a container");
	else if ((!persistent || sets_knobs) && !(needs_no_knobs && hidden(knobs)))
		must_exist(knobs);

	switch (options.command) {
	case ksm::command::set:
		return ksm::set(knobs, options.proc, options.words, options.set);
	case ksm::command::enable:
		return ksm::enable(knobs, options.proc, options.persist);
	case ksm::command::disable:
		return ksm::disable(knobs, options.proc, options.persist);
	case ksm::command::ps:
		return ksm::ps(options.proc, options.ps);
	case ksm::command::offer:
		return ksm::offer(knobs, options.proc, options.advise);
	case ksm::command::withdraw:
		return ksm::withdraw(options.proc, options.advise);
	case ksm::command::merge:
		return ksm::merge(knobs, options.proc, options.advise);
	case ksm::command::wait:
		return ksm::wait(knobs, options.proc, options.wait);
	case ksm::command::watch:
		return ksm::watch(knobs, options.proc, options.watch);
	case ksm::command::explain:
		return ksm::explain(knobs, options.proc, options.explain);
	default:
		return ksm::status(knobs, ksm::ksmd(options.proc), options.status);
	}
}

} /* namespace */

int main(int argc, char **argv)
{
	try {
		int status = 0;

		try {
			status = dispatch(ksm::parse_options(argc, argv));
		} catch (const ksm::text_wanted &wanted) {
			fmt::print("{}", wanted.text);
		}
		ksm::flush_output();
		return status;
	} catch (const ksm::error &error) {
		ksm::say(error.what(), error.cure());
		return error.status();
	} catch (const std::exception &error) {
		ksm::say(error.what());
	}
	return ksm::exit_status::failure;
}
