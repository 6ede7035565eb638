// SPDX-License-Identifier: GPL-2.0
/*
 * ksmctl - look at KSM, and steer it.
 */
#include "commands.hpp"
#include "error.hpp"
#include "format.hpp"
#include "lib/cli.hpp"
#include "output.hpp"

namespace
{

struct options {
	std::string sysfs_dir = "/sys/kernel/mm/ksm";
	bool json = false;
	ksm::watch_options watch;
	std::string knob;
	std::string value;
	std::vector<std::string> command;
};

struct subcommands {
	CLI::App *status;
	CLI::App *watch;
	CLI::App *set;
	CLI::App *run;
};

subcommands describe(CLI::App &app, options &options)
{
	subcommands sub = {};

	app.require_subcommand(1);
	app.add_option("--sysfs", options.sysfs_dir, "Directory of KSM's files")
		->capture_default_str();

	sub.status = app.add_subcommand("status", "Show every knob and counter");
	sub.status->add_flag("--json", options.json, "One JSON object");

	sub.watch = app.add_subcommand("watch", "A row of figures at each interval, then a summary "
						"(stop it with Ctrl-C)");
	sub.watch->add_option("--interval", options.watch.interval, "Seconds between two rows")
		->check(CLI::Range(0.01, 86400.0))
		->capture_default_str();
	sub.watch->add_option("--count", options.watch.count, "Stop after so many rows; 0: never")
		->transform(ksm::whole_number_from(0))
		->capture_default_str();
	sub.watch->add_flag("--json", options.watch.json, "One JSON object per line");

	sub.set = app.add_subcommand("set", "Write a knob, and wait until the kernel has done it; "
					    "Ctrl-C stops an unmerging half way");
	sub.set->add_option("KNOB", options.knob, "Its name, as 'status' shows it")->required();
	sub.set->add_option("VALUE", options.value, "What to write")->required();

	sub.run = app.add_subcommand("run", "Start a program with all its memory mergeable, "
					    "its children's too");
	sub.run->add_option("PROGRAM", options.command, "Program and arguments")
		->required()
		->expected(-1);
	sub.run->positionals_at_end();
	return sub;
}

int dispatch(const subcommands &sub, const options &options)
{
	if (*sub.run)
		return ksm::run(options.sysfs_dir, options.command);

	const ksm::knobs knobs(options.sysfs_dir);
	if (*sub.set)
		return ksm::set(knobs, options.knob, options.value);

	const ksm::ksmd ksmd;
	if (*sub.watch)
		return ksm::watch(knobs, ksmd, options.watch);
	return ksm::status(knobs, ksmd, options.json);
}

} /* namespace */

int main(int argc, char **argv)
{
	CLI::App app("Look at the kernel's same-page merging, and steer it", "ksmctl");
	options options;
	const subcommands sub = describe(app, options);

	try {
		app.parse(argc, argv);
		const int status = dispatch(sub, options);

		ksm::flush_output();
		return status;
	} catch (const CLI::ParseError &error) {
		return app.exit(error) ? 2 : 0;
	} catch (const ksm::error &error) {
		fmt::print(stderr, "ksmctl: {}\n        {}\n", error.what(), error.cure());
	} catch (const std::exception &error) {
		fmt::print(stderr, "ksmctl: {}\n", error.what());
	}
	return 1;
}
