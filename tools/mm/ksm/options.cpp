// SPDX-License-Identifier: GPL-2.0
#include "options.hpp"

#include <algorithm>
#include <optional>

#include "error.hpp"
#include "format.hpp"
#include "help.hpp"
#include "lib/cli.hpp"
#include "suggest.hpp"

namespace ksm
{
namespace
{

constexpr const char *version = "ksmctl 2.0";

class command_line
{
public:
	command_line();

	options parse(int argc, const char *const *argv);

private:
	/* An option of some subcommands, taken before their name as well. */
	struct shared_option {
		CLI::Option *early;
		std::vector<CLI::App *> owners;
	};

	/* @add: adds the option to an app, and returns it. */
	template <typename F> void add_to(const std::vector<CLI::App *> &owners, F &&add)
	{
		early_.push_back({add(app_)->group(""), owners});
		for (CLI::App *owner : owners)
			add(*owner);
	}

	CLI::App *add_command(const char *name, const char *what)
	{
		CLI::App *sub = app_.add_subcommand(name, what);

		sub->fallthrough();
		return sub;
	}

	void add_ps_options();
	void add_estimate_options();
	void add_set_options();
	void check_owners() const;
	void check_estimate() const;
	options result() const;
	error bad_usage(const std::string &cause, const std::string &cure) const;
	error complaint(const CLI::ParseError &failure) const;
	error unknown(const std::string &word) const;
	std::vector<std::string> command_names() const;
	std::vector<std::string> option_names() const;
	const CLI::App *chosen() const;

	CLI::App app_{"Look at the kernel's same-page merging, and steer it", "ksmctl"};
	CLI::App *status_;
	CLI::App *watch_;
	CLI::App *ps_;
	CLI::App *estimate_;
	CLI::App *explain_;
	CLI::App *set_;
	CLI::App *start_;
	CLI::App *stop_;
	CLI::App *run_;
	std::vector<shared_option> early_;
	options options_;
	std::optional<double> seconds_;
	bool all_ = false;
	bool json_ = false;
};

command_line::command_line()
{
	app_.require_subcommand(1);
	app_.formatter(std::make_shared<narrow_help>());
	app_.set_version_flag("--version", version, "Print the version");
	app_.set_help_flag("-h,--help", "Print this, or the help of a command");
	app_.add_option("--sysfs", options_.sysfs, "Directory of KSM's files, if it is another one")
		->type_name("DIR")
		->take_last();
	app_.add_option("--proc", options_.proc, "Directory of processes, if it is another one")
		->type_name("DIR")
		->take_last();
	app_.footer("Options may stand before or after the command. Exit status: 0; 1 if it "
		    "failed; 2 for words that make no sense. Of 'run': the program's, or 125 if "
		    "ksmctl failed, 126 if the program cannot be started, 127 if there is none.");

	status_ = add_command("status", "Show how KSM does");
	watch_ = add_command("watch", "A row of figures at each interval, then a summary (stop it "
				      "with Ctrl-C)");
	add_ps_options();
	add_estimate_options();
	explain_ = add_command("explain", "What is wrong with KSM here, and what to change");
	add_set_options();
	start_ = add_command("start", "The same as set run=1");
	stop_ = add_command("stop", "The same as set run=0: what is merged stays merged");
	run_ = app_.add_subcommand("run", "Start a program with all its memory mergeable, "
					  "its children's too");
	run_->add_option("PROGRAM", options_.program, "Program and arguments")
		->required()
		->expected(-1);
	run_->positionals_at_end();

	add_to({status_, estimate_}, [this](CLI::App &app) {
		return app.add_flag("-a,--all", all_,
				    &app == estimate_ ? "All processes" : "Every knob and counter");
	});
	add_to({status_, watch_, ps_, estimate_, explain_, set_, start_, stop_},
	       [this](CLI::App &app) {
		       return app.add_flag("--json", json_,
					   &app == watch_ ? "One JSON object per line"
							  : "One JSON object");
	       });
	add_to({watch_}, [this](CLI::App &app) {
		return app
			.add_option("--interval", options_.watch.interval,
				    "Seconds between two rows, 1 unless told")
			->type_name("SECONDS")
			->check(seconds_between(0.01, 86400))
			->take_last();
	});
	add_to({watch_}, [this](CLI::App &app) {
		return app
			.add_option("--count", options_.watch.count,
				    "Stop after so many rows; 0: never")
			->type_name("ROWS")
			->transform(whole_number_from(0))
			->take_last();
	});
	add_to({estimate_, explain_}, [this](CLI::App &app) {
		return app
			.add_option("--seconds", seconds_,
				    &app == explain_
					    ? "Time between two looks, 2 unless told"
					    : "For how long to look at pages, 10 unless told")
			->type_name("SECONDS")
			->check(seconds_between(0.01, 86400))
			->take_last();
	});
	add_to({set_, start_, stop_}, [this](CLI::App &app) {
		return app.add_flag("-n,--dry-run", options_.set.dry_run,
				    "Check all, write nothing");
	});
}

void command_line::add_ps_options()
{
	ps_ = add_command("ps", "What processes offer, what of it is merged, and what that saves");
	ps_->add_option("PID", options_.ps.pids, "These processes only, whatever they offer")
		->transform(whole_number_from(1));
	add_to({ps_}, [this](CLI::App &app) {
		return app.add_option("--by", options_.ps.by, "A row for each process, vm or unit")
			->type_name("WHAT")
			->transform(one_of({"process", "vm", "unit"}))
			->take_last();
	});
	add_to({ps_}, [this](CLI::App &app) {
		return app
			.add_option("--sort", options_.ps.order,
				    "By offered, merged, saved, cost, name or domain")
			->type_name("COLUMN")
			->transform(
				one_of({"offered", "merged", "saved", "cost", "name", "domain"}))
			->take_last();
	});
}

void command_line::add_estimate_options()
{
	estimate_options &chosen = options_.estimate;

	estimate_ = add_command("estimate", "What KSM would save, before it is switched on");
	estimate_->add_option("PID", chosen.pids, "Processes whose memory to look at")
		->transform(whole_number_from(1));
	add_to({estimate_}, [&](CLI::App &app) {
		return app.add_option("--vm", chosen.vms, "Virtual machines, by name")
			->type_name("NAME")
			->allow_extra_args(false);
	});
	add_to({estimate_}, [&](CLI::App &app) {
		return app
			.add_option("--settle", chosen.settle,
				    "Look again after that time: what has changed?")
			->type_name("SECONDS")
			->check(seconds_between(0.01, 86400))
			->take_last();
	});
	estimate_->footer("Takes root, or the right to trace the processes. Ctrl-C ends it early, "
			  "with what is known then.");
}

void command_line::add_set_options()
{
	set_ = add_command("set", "Write knobs, all or none of them, and wait until the kernel "
				  "has done it");
	set_->add_option("KNOB=VALUE", options_.words,
			 "What to write, in this order; 'KNOB VALUE' for a single one")
		->required()
		->expected(-1);
	add_to({set_}, [this](CLI::App &app) {
		return app.add_flag("--force", options_.set.force,
				    "Unshare (run=2) even if there may not be the memory for it");
	});
	set_->footer("For example: ksmctl set run=2 max_page_sharing=512 run=1. Ctrl-C stops an "
		     "unsharing (run=2) half way.");
}

const CLI::App *command_line::chosen() const
{
	const auto parsed = app_.get_subcommands();

	return parsed.empty() ? nullptr : parsed.front();
}

std::vector<std::string> command_line::command_names() const
{
	std::vector<std::string> names;

	for (const CLI::App *sub : app_.get_subcommands(nullptr))
		names.push_back(sub->get_name());
	return names;
}

std::vector<std::string> command_line::option_names() const
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

/* Those of run are told from the program's own by their exit status. */
error command_line::bad_usage(const std::string &cause, const std::string &cure) const
{
	const bool run = chosen() == run_;

	return error(cause, cure, run ? exit_status::run_failure : exit_status::usage);
}

error command_line::unknown(const std::string &word) const
{
	const std::string about = chosen() ? chosen()->get_name() + " --help" : "--help";

	if (word.starts_with("-"))
		return bad_usage(
			fmt::format("unknown option '{}'{}", word,
				    did_you_mean(word.substr(0, word.find('=')), option_names())),
			"see ksmctl " + about);
	if (chosen())
		return bad_usage(
			fmt::format("'{}' makes no sense after '{}'", word, chosen()->get_name()),
			"see ksmctl " + about);
	return bad_usage(
		fmt::format("unknown command '{}'{}", word, did_you_mean(word, command_names())),
		fmt::format("the commands are: {}", fmt::join(command_names(), " ")));
}

/* CLI11 says that something is missing where the one word that it does not know is there. */
error command_line::complaint(const CLI::ParseError &failure) const
{
	const std::vector<std::string> left = app_.remaining(true);

	if (!left.empty())
		return unknown(left.front());
	if (!chosen())
		return bad_usage("which command?", fmt::format("the commands are: {}",
							       fmt::join(command_names(), " ")));
	return bad_usage(failure.what(), "see ksmctl " + chosen()->get_name() + " --help");
}

void command_line::check_owners() const
{
	for (const auto &[early, owners] : early_) {
		if (!early->count() || std::ranges::find(owners, chosen()) != owners.end())
			continue;
		throw bad_usage(fmt::format("'{}' has no option '{}'", chosen()->get_name(),
					    "--" + early->get_lnames().front()),
				"see ksmctl " + chosen()->get_name() + " --help");
	}
}

void command_line::check_estimate() const
{
	const estimate_options &wanted = options_.estimate;
	const bool named = !wanted.pids.empty() || !wanted.vms.empty();

	if (chosen() == estimate_ && all_ == named)
		throw bad_usage("which processes?", "give either PIDs and --vm NAME, or --all");
}

options command_line::result() const
{
	options result = options_;
	const CLI::App *command = chosen();

	result.status.all = result.estimate.all = all_;
	if (seconds_)
		result.estimate.seconds = result.explain.seconds = *seconds_;
	result.status.json = result.watch.json = result.ps.json = result.estimate.json =
		result.explain.json = result.set.json = json_;
	if (command == start_)
		result.words = {"run=1"};
	if (command == stop_)
		result.words = {"run=0"};
	if (command == run_)
		result.command = command::run;
	else if (command == watch_)
		result.command = command::watch;
	else if (command == ps_)
		result.command = command::ps;
	else if (command == estimate_)
		result.command = command::estimate;
	else if (command == explain_)
		result.command = command::explain;
	else if (command != status_)
		result.command = command::set;
	return result;
}

options command_line::parse(int argc, const char *const *argv)
{
	try {
		app_.parse(argc, argv);
		check_owners();
		check_estimate();
		return result();
	} catch (const CLI::CallForHelp &) {
		throw text_wanted{app_.help()};
	} catch (const CLI::CallForVersion &) {
		throw text_wanted{std::string(version) + "\n"};
	} catch (const CLI::ParseError &failure) {
		throw complaint(failure);
	}
}

} /* namespace */

options parse_options(int argc, const char *const *argv)
{
	return command_line().parse(argc, argv);
}

} /* namespace ksm */
