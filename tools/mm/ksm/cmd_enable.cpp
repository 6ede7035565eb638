// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"

#include <unistd.h>

#include "apply.hpp"
#include "error.hpp"
#include "format.hpp"
#include "output.hpp"
#include "persist/boot.hpp"
#include "persist/offer.hpp"
#include "records.hpp"

namespace ksm
{
namespace
{

void print(const file_outcome &file, bool dry_run)
{
	static constexpr const char *words[] = {"written", "removed", "is not there"};
	const char *words_if[] = {"would be", "would be removed", "is not there"};
	const int at = int(file.fate);

	fmt::print("{} {}{}\n", file.path, dry_run ? words_if[at] : words[at],
		   dry_run && file.fate == fate::written ? ":" : "");
	if (dry_run)
		fmt::print("{}", file.text);
}

void print(const persist_outcome &done, bool dry_run)
{
	for (const made_change &change : done.changes) {
		std::string text = text_of(change, dry_run);

		if (const auto reason = done.reasons.find(change.name);
		    reason != done.reasons.end())
			text += fmt::format(": {}", reason->second);
		print_wrapped(text);
	}
	for (const file_outcome &file : done.files)
		print(file, dry_run);
}

void report(const char *kind, const persist_outcome &done, const profile *profile,
	    const persist_options &options)
{
	for (const std::string &warning : done.warnings)
		say("warning: " + warning);
	if (options.json) {
		fmt::print("{}\n", persist_record(kind, done, options.dry_run));
		return;
	}
	if (profile && !profile->name.empty())
		print_wrapped(fmt::format("profile {}, {}", profile->name, profile->what));
	print(done, options.dry_run);
}

/* Of a file below --root, nothing counts before that system runs. */
void print_restart(const unit &unit, const persist_options &options, const char *when)
{
	if (!options.json && options.root.empty())
		print_wrapped(fmt::format("{} {}", when, unit.restart_command()));
}

void refuse_beside_unit(bool given, const char *option)
{
	if (given)
		throw error(fmt::format("{} makes no sense together with --unit", option),
			    "call ksmctl twice: --unit is about the memory of a service, and not "
			    "about ksmd",
			    exit_status::usage);
}

void note_if_stopped(const knobs &knobs)
{
	if (knobs.number("run") == 0)
		say("ksmd is stopped, nothing merges until 'ksmctl enable' or 'ksmctl start'");
}

} /* namespace */

int enable(const knobs &knobs, const std::string &proc, const persist_options &options)
{
	const config_root root(options.root.empty() ? "/" : options.root);

	if (options.unit.empty()) {
		if (options.force)
			throw error("--force makes no sense without --unit",
				    "leave it out: it is about what systemd does with a service",
				    exit_status::usage);
		const profile &profile = find_profile(options.profile);

		report("enable", enable_at_boot(knobs, proc, root, profile, options), &profile,
		       options);
		return 0;
	}

	refuse_beside_unit(!options.profile.empty(), "--profile");
	const unit unit(options.unit);
	report("enable", offer_unit(unit, root, options), nullptr, options);
	print_restart(unit, options, "it takes effect by:");
	note_if_stopped(knobs);
	return 0;
}

int disable(const knobs &knobs, const std::string &proc, const persist_options &options)
{
	const config_root root(options.root.empty() ? "/" : options.root);

	if (options.unit.empty()) {
		report("disable", disable_at_boot(knobs, proc, root, options), nullptr, options);
		return 0;
	}

	refuse_beside_unit(options.unshare, "--unshare");
	const unit unit(options.unit);
	report("disable", withdraw_unit(unit, root, options), nullptr, options);
	print_restart(unit, options, "its memory stays offered until:");
	return 0;
}

} /* namespace ksm */
