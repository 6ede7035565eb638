// SPDX-License-Identifier: GPL-2.0
#include "ksmtuned/options.hpp"

#include <filesystem>

#include "error.hpp"
#include "help.hpp"
#include "lib/cli.hpp"
#include "suggest.hpp"

namespace ksm::tuned
{
namespace
{

constexpr const char *version = "ksmtuned 2.0\n";

std::vector<std::string> option_names(const CLI::App &app)
{
	std::vector<std::string> names;

	for (const CLI::Option *option : app.get_options())
		for (const std::string &name : option->get_lnames())
			names.push_back("--" + name);
	return names;
}

error complaint(const CLI::App &app, const CLI::ParseError &failure)
{
	const std::vector<std::string> left = app.remaining(true);
	const std::string word = left.empty() ? "" : left.front();

	if (word.empty())
		return error(failure.what(), "see ksmtuned --help", exit_status::usage);
	if (word.starts_with("-"))
		return error(
			"unknown option '" + word + "'" +
				did_you_mean(word.substr(0, word.find('=')), option_names(app)),
			"see ksmtuned --help", exit_status::usage);
	return error("'" + word + "' makes no sense here", "see ksmtuned --help",
		     exit_status::usage);
}

} /* namespace */

options parse_options(int argc, const char *const *argv)
{
	options options;
	CLI::App app("Start and stop the kernel's same-page merging, and set its pace, as virtual "
		     "machines need memory",
		     "ksmtuned");

	app.formatter(std::make_shared<narrow_help>());
	app.set_help_flag("-h,--help", "Print this");
	app.set_version_flag("--version", version, "Print the version");
	app.add_flag("-f,--foreground", options.foreground,
		     "Do not go to the background; tell systemd when ready");
	app.add_flag("--check", options.check,
		     "Read the configuration, print what is in force by it, and end");
	app.add_option("--config", options.config,
		       "Configuration, " + options.config + " unless told")
		->type_name("FILE")
		->take_last();
	app.add_option("--sysfs", options.sysfs, "Directory of KSM's files, if it is another one")
		->type_name("DIR")
		->take_last();
	app.add_option("--proc", options.proc, "Directory of processes, if it is another one")
		->type_name("DIR")
		->take_last();
	app.footer("Signals: USR1 retunes at once, HUP reads the configuration again, TERM ends "
		   "the daemon and leaves KSM as it is. Exit status: 0; 1 if it failed; 2 for "
		   "words that make no sense, here or in the configuration.");
	try {
		app.parse(argc, argv);
	} catch (const CLI::CallForHelp &) {
		throw text_wanted{app.help()};
	} catch (const CLI::CallForVersion &) {
		throw text_wanted{version};
	} catch (const CLI::ParseError &failure) {
		throw complaint(app, failure);
	}
	options.config_given = app.count("--config") > 0;
	/* The daemon leaves the directory that it was started in. */
	for (std::string *path : {&options.config, &options.sysfs, &options.proc}) {
		std::error_code none; /* an empty name, which stays one */

		*path = std::filesystem::absolute(*path, none);
	}
	return options;
}

} /* namespace ksm::tuned */
