// SPDX-License-Identifier: GPL-2.0
#include "complaints.hpp"

#include <algorithm>

#include "format.hpp"
#include "suggest.hpp"

namespace ksm
{

const CLI::App *complaints::chosen() const
{
	const auto parsed = app_.get_subcommands();

	return parsed.empty() ? nullptr : parsed.front();
}

std::vector<std::string> complaints::command_names() const
{
	std::vector<std::string> names;

	for (const CLI::App *sub : app_.get_subcommands(nullptr))
		names.push_back(sub->get_name());
	return names;
}

std::vector<std::string> complaints::option_names() const
{
	std::vector<std::string> names;
	std::vector<const CLI::App *> apps = {&app_};

	if (chosen())
		apps = {chosen(), &app_};
	for (const CLI::App *app : apps)
		for (const CLI::Option *option : app->get_options())
			for (const std::string &name : option->get_lnames())
				if (std::ranges::find(names, "--" + name) == names.end())
					names.push_back("--" + name);
	return names;
}

std::string complaints::see_help() const
{
	return "see ksmctl " + (chosen() ? chosen()->get_name() + " " : "") + "--help";
}

error complaints::bad_usage(const std::string &cause, const std::string &cure) const
{
	/* Those of run are told from the program's own. */
	return error(cause, cure,
		     chosen() == &run_ ? exit_status::run_failure : exit_status::usage);
}

error complaints::unknown(const std::string &word) const
{
	const std::string option = word.substr(0, word.find('='));

	if (chosen() == &run_ && app_.get_option_no_throw(option))
		return bad_usage(fmt::format("'{}' must stand before 'run'", option),
				 "see ksmctl --help");
	if (word.starts_with("-"))
		return bad_usage(fmt::format("unknown option '{}'{}", word,
					     did_you_mean(option, option_names())),
				 see_help());
	if (chosen())
		return bad_usage(
			fmt::format("'{}' makes no sense after '{}'", word, chosen()->get_name()),
			see_help());
	return bad_usage(
		fmt::format("unknown command '{}'{}", word, did_you_mean(word, command_names())),
		fmt::format("the commands are: {}", fmt::join(command_names(), " ")));
}

/* CLI11 says that something is missing where the one word that it does not know is there. */
error complaints::about(const CLI::ParseError &failure) const
{
	const std::vector<std::string> left = app_.remaining(true);

	/* With '-n 1' for an option of another command, '1' is left. */
	if (const auto error = misplaced())
		return *error;
	if (!left.empty())
		return unknown(left.front());
	if (!chosen())
		return bad_usage("which command?", fmt::format("the commands are: {}",
							       fmt::join(command_names(), " ")));
	return bad_usage(failure.what(), see_help());
}

std::optional<error> complaints::misplaced() const
{
	const CLI::Option *option = chosen() ? early_.misplaced(chosen()) : nullptr;

	if (!option)
		return std::nullopt;
	std::string names = "--" + option->get_lnames().front();
	if (!option->get_snames().empty())
		names = "-" + option->get_snames().front() + ", " + names;
	return bad_usage(fmt::format("'{}' has no option '{}'", chosen()->get_name(), names),
			 see_help());
}

} /* namespace ksm */
