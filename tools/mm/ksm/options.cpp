// SPDX-License-Identifier: GPL-2.0
#include "options.hpp"

#include <map>
#include <optional>

#include "complaints.hpp"
#include "help.hpp"
#include "lib/cli.hpp"
#include "selection_options.hpp"

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
	template <typename F> void add_to(const std::vector<CLI::App *> &owners, F &&add)
	{
		early_.add(owners, std::forward<F>(add));
	}

	CLI::App *add_command(const char *name, command command, const char *what)
	{
		CLI::App *sub = app_.add_subcommand(name, what);

		sub->fallthrough();
		commands_[sub] = command;
		return sub;
	}

	void add_memory_commands();
	void add_selection();
	void add_set_options();
	void check_selection(const complaints &complaints) const;
	options result() const;
	const CLI::App *chosen() const;

	CLI::App app_{"Look at the kernel's same-page merging, and steer it", "ksmctl"};
	CLI::App *status_;
	CLI::App *watch_;
	CLI::App *ps_;
	CLI::App *estimate_;
	CLI::App *explain_;
	CLI::App *offer_;
	CLI::App *withdraw_;
	CLI::App *merge_;
	CLI::App *wait_;
	CLI::App *set_;
	CLI::App *start_;
	CLI::App *stop_;
	CLI::App *enable_;
	CLI::App *disable_;
	CLI::App *run_;
	early_options early_{app_};
	std::map<const CLI::App *, ksm::command> commands_;
	options options_;
	std::optional<double> seconds_;
	selection selection_;
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
		->check(not_empty())
		->take_last();
	app_.add_option("--proc", options_.proc, "Directory of processes, if it is another one")
		->type_name("DIR")
		->check(not_empty())
		->take_last();
	app_.footer("Options may stand before or after the command. Exit status: 0; 1 if it "
		    "failed; 2 for words that make no sense. Of 'run': the program's, or 125 if "
		    "ksmctl failed, 126 if the program cannot be started, 127 if there is none.");

	status_ = add_command("status", command::status, "Show how KSM does");
	watch_ = add_command("watch", command::watch,
			     "Show it all the time, on a whole screen or in lines");
	add_watch_options(early_, *watch_, options_.watch);
	ps_ = add_command("ps", command::ps,
			  "What processes offer, what of it is merged, and what that saves");
	add_ps_options(early_, *ps_, options_.ps);
	estimate_ = add_command("estimate", command::estimate,
				"What KSM would save, before it is switched on");
	add_estimate_options(early_, *estimate_, options_.estimate);
	explain_ = add_command("explain", command::explain,
			       "What is wrong with KSM here, and what to change");
	add_memory_commands();
	add_set_options();
	start_ = add_command("start", command::set, "The same as set run=1");
	stop_ = add_command("stop", command::set,
			    "The same as set run=0: what is merged stays merged");
	enable_ = add_command("enable", command::enable,
			      "Merge now and after each boot; or offer a service's memory");
	disable_ = add_command("disable", command::disable,
			       "Do not merge any more, now and after each boot");
	add_persist_options(early_, *enable_, *disable_, options_.persist);
	run_ = add_command("run", command::run,
			   "Start a program with all its memory mergeable, "
			   "its children's too");
	run_->add_option("PROGRAM", options_.program, "Program and arguments")
		->required()
		->expected(-1);
	run_->positionals_at_end();
	run_->fallthrough(false);

	add_selection();
	add_to({status_, watch_, ps_, estimate_, explain_, offer_, withdraw_, merge_, wait_, set_,
		start_, stop_, enable_, disable_},
	       [this](CLI::App &app) {
		       return app.add_flag("--json", json_,
					   &app == watch_ ? "One JSON object per line"
							  : "One JSON object");
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
	add_to({set_, start_, stop_, enable_, disable_}, [this](CLI::App &app) {
		return app.add_flag("-n,--dry-run", options_.set.dry_run,
				    "Check all, write nothing");
	});
	add_to({set_, enable_, disable_}, [this](CLI::App &app) {
		return app.add_flag("--force", options_.set.force,
				    &app == enable_
					    ? "Write MemoryKSM=yes even for a systemd that fails it"
					    : "Unshare even if there may not be the memory for it");
	});
}

void command_line::add_memory_commands()
{
	offer_ = add_command("offer", command::offer,
			     "Offer the memory of programs that run already");
	offer_->footer("What they map later is not included. Takes root, or CAP_SYS_NICE and the "
		       "right to trace the processes.");
	withdraw_ = add_command("withdraw", command::withdraw,
				"Take back what programs offer, and unshare it");
	withdraw_->footer("What they map later is not included. Takes root, or CAP_SYS_NICE and "
			  "the right to trace the processes.");
	merge_ = add_command("merge", command::merge,
			     "Merge at once what programs offer, without waiting for ksmd");
	wait_ = add_command("wait", command::wait,
			    "Wait until ksmd has gone over all that is offered, twice");
	add_to({wait_}, [this](CLI::App &app) {
		return app
			.add_option("--pid", options_.wait.pid,
				    "End if this process does, or if it offers nothing")
			->type_name("PID")
			->transform(whole_number_from(1))
			->take_last();
	});
}

/* Which processes; two of these options mean something else to other commands. */
void command_line::add_selection()
{
	const std::vector<CLI::App *> selecting = {estimate_, offer_, withdraw_, merge_};

	add_selection_options(early_, selecting, selection_);
	add_to({status_, estimate_, offer_, withdraw_, merge_}, [this](CLI::App &app) {
		return app.add_flag("-a,--all", selection_.all,
				    &app == status_ ? "Every knob and counter" : "All processes");
	});
	add_to({estimate_, offer_, withdraw_, merge_, enable_, disable_}, [this](CLI::App &app) {
		return app
			.add_option(
				"--unit", selection_.units,
				&app == enable_ || &app == disable_
					? "Of this service, offer all memory, or do not any more"
					: "The processes of a unit of systemd")
			->type_name("UNIT")
			->check(not_empty())
			->allow_extra_args(false);
	});
}

void command_line::add_set_options()
{
	set_ = add_command("set", command::set,
			   "Write knobs, all or none of them, and wait until the kernel "
			   "has done it");
	set_->add_option("KNOB=VALUE", options_.words,
			 "What to write, in this order; 'KNOB VALUE' for a single one")
		->required()
		->expected(-1);
	set_->footer("For example: ksmctl set run=2 max_page_sharing=512 run=1. Ctrl-C stops an "
		     "unsharing (run=2) half way.");
}

const CLI::App *command_line::chosen() const
{
	const auto parsed = app_.get_subcommands();

	return parsed.empty() ? nullptr : parsed.front();
}

void command_line::check_selection(const complaints &complaints) const
{
	const CLI::App *command = chosen();

	if ((command == estimate_ || command == offer_ || command == withdraw_ ||
	     command == merge_) &&
	    selection_.all == selection_.named())
		throw complaints.bad_usage("which processes?",
					   "give either PIDs, --vm NAME and --unit UNIT, or --all");
}

options command_line::result() const
{
	options result = options_;
	const CLI::App *command = chosen();

	result.status.all = selection_.all;
	result.estimate.of = result.advise.of = selection_;
	if (!selection_.units.empty())
		result.persist.unit = selection_.units.back();
	if (seconds_)
		result.estimate.seconds = result.explain.seconds = *seconds_;
	result.status.json = result.watch.json = result.ps.json = result.estimate.json =
		result.explain.json = result.advise.json = result.wait.json = result.set.json =
			result.persist.json = json_;
	result.persist.dry_run = options_.set.dry_run;
	result.persist.force = options_.set.force;
	/* An image has no knobs, unless it is said where they are. */
	result.persist.live = options_.persist.root.empty() || app_.count("--sysfs");
	if (command == start_)
		result.words = {"run=1"};
	if (command == stop_)
		result.words = {"run=0"};
	result.command = commands_.at(command);
	return result;
}

options command_line::parse(int argc, const char *const *argv)
{
	const complaints complaints(app_, early_, *run_);

	try {
		app_.parse(argc, argv);
		if (const auto error = complaints.misplaced())
			throw *error;
		check_selection(complaints);
		return result();
	} catch (const CLI::CallForHelp &) {
		throw text_wanted{app_.help()};
	} catch (const CLI::CallForVersion &) {
		throw text_wanted{std::string(version) + "\n"};
	} catch (const CLI::ParseError &failure) {
		throw complaints.about(failure);
	}
}

} /* namespace */

options parse_options(int argc, const char *const *argv)
{
	return command_line().parse(argc, argv);
}

} /* namespace ksm */
