// SPDX-License-Identifier: GPL-2.0
/*
 * ksmtuned - starts and stops ksmd, and sets its pace, as virtual machines need memory.
 */
#include <clocale>
#include <csignal>
#include <optional>

#include <unistd.h>

#include "error.hpp"
#include "format.hpp"
#include "ksmtuned/background.hpp"
#include "ksmtuned/options.hpp"
#include "ksmtuned/pid_file.hpp"
#include "ksmtuned/service.hpp"
#include "lib/proc/root.hpp"
#include "output.hpp"

namespace
{

using namespace ksm::tuned;

void must_exist(const ksm::knobs &knobs)
{
	if (!knobs.exist())
		throw ksm::error(
			knobs.path() + " is not there",
			"mount sysfs on /sys, run a kernel built with CONFIG_KSM=y and not "
			"booted with ksm=off, or, in a container, run ksmtuned on the host");
}

configuration first_configuration(const options &options)
{
	const configuration configuration = read_configuration(options.config);

	if (options.config_given && !configuration.found)
		throw ksm::error(options.config + " is not there", "check the name");
	return configuration;
}

/* A file that was there at first is not given up for the defaults. */
configuration next_configuration(const options &options, const configuration &first)
{
	const configuration configuration = read_configuration(options.config);

	if (first.found && !configuration.found)
		throw ksm::error(options.config + " is gone",
				 "put it back, or restart ksmtuned for the defaults");
	return configuration;
}

void serve(const options &options, const configuration &configuration)
{
	const ksm::knobs knobs(options.sysfs);
	journal journal;

	ksm::see_as_proc(options.proc);

	must_exist(knobs);
	for (const std::string &warning : configuration.warnings)
		journal.say("warning: " + warning);

	std::optional<background> parent;
	if (!options.foreground)
		parent.emplace();
	pid_file pid_file(configuration.settings.pid_file);
	tuner tuner(knobs, options.proc, journal, configuration.settings);
	service service(tuner, journal, [&] { return next_configuration(options, configuration); });

	service.run([&] {
		pid_file.write(getpid());
		if (parent)
			parent->ready();
	});
}

int dispatch(const options &options)
{
	const configuration configuration = first_configuration(options);

	if (!options.check) {
		serve(options, configuration);
		return 0;
	}
	for (const std::string &warning : configuration.warnings)
		fmt::print(stderr, "ksmtuned: warning: {}\n", warning);
	fmt::print("{}", text_of(configuration.settings));
	return 0;
}

} /* namespace */

int main(int argc, char **argv)
{
	/* For the date before each line of the log. */
	std::setlocale(LC_TIME, "");
	std::signal(SIGPIPE, SIG_IGN);
	try {
		int status = 0;

		try {
			status = dispatch(parse_options(argc, argv));
		} catch (const text_wanted &wanted) {
			fmt::print("{}", wanted.text);
		}
		ksm::flush_output();
		return status;
	} catch (const ksm::error &error) {
		fmt::print(stderr, "ksmtuned: {}; {}\n", error.what(), error.cure());
		return error.status();
	} catch (const std::exception &error) {
		fmt::print(stderr, "ksmtuned: {}\n", error.what());
	}
	return ksm::exit_status::failure;
}
