// SPDX-License-Identifier: GPL-2.0
/*
 * ksm_attack: what a process or a guest can learn of the memory of another through KSM. One
 * binary tries any kernel with KSM, in the modes that it has. Both sides are users without
 * rights; what only root can see, root looks at beside them.
 */
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "attack/channels.hpp"
#include "attack/place.hpp"
#include "attack/report.hpp"
#include "attack/series.hpp"
#include "lib/cli.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/sysfs.hpp"
#include "support/vm.hpp"

namespace
{

const std::vector<std::string> all_holders = {"processes", "guests"};

struct command_line {
	ksm::attack_options options;
	std::vector<std::string> modes;
	std::vector<std::string> channels;
	std::vector<std::string> holders;
	bool json = false;
	bool list = false;
};

/* Those of the entries that were named, or all of them. */
template <class entry>
std::vector<const entry *> chosen(const std::vector<entry> &all,
				  const std::vector<std::string> &names)
{
	std::vector<const entry *> some;

	for (const entry &each : all)
		if (names.empty() ||
		    std::find(names.begin(), names.end(), each.name) != names.end())
			some.push_back(&each);
	return some;
}

template <class entry> CLI::Validator known(const std::vector<entry> &all, const std::string &what)
{
	return CLI::Validator(
		[&all, what](std::string &name) {
			return chosen(all, {name}).empty()
				       ? "no " + what + " " + name + " (--list names them)"
				       : "";
		},
		"");
}

void describe(CLI::App &app, command_line &line)
{
	auto repeated = [&](const char *name, std::vector<std::string> &to, const char *what) {
		return app.add_option(name, to, what)->type_name("NAME")->allow_extra_args(false);
	};

	repeated("--mode", line.modes, "One to try; may be given repeatedly")
		->check(known(ksm::modes(), "mode"));
	repeated("--channel", line.channels, "One to try; may be given repeatedly")
		->check(known(ksm::channels(), "channel"));
	repeated("--holders", line.holders, "processes or guests, who hold the pages (both)")
		->check(CLI::IsMember(all_holders));
	app.add_option("--passes", line.options.passes,
		       "Passes of ksmd between the offer of memory and the measurement")
		->type_name("N")
		->transform(ksm::whole_number_from(1))
		->capture_default_str();
	app.add_flag("--quick", line.options.quick, "Fewer samples");
	app.add_flag("--json", line.json, "One JSON object per line and result, too");
	app.add_flag("--list", line.list, "Names of the modes and channels");
}

void list()
{
	std::puts("Modes:");
	for (const auto &each : ksm::modes())
		std::printf("  %-16s %s\n", each.name, each.what);
	std::puts("Channels:");
	for (const auto &each : ksm::channels())
		std::printf("  %-16s %s\n", each.name, each.what);
}

/* Nothing is merged but what both sides have, and nothing but an attacker makes faults. */
class still_machine
{
public:
	still_machine()
	{
		ksm::stop_ksmd();
		ksm::unmerge_all();
		ksm::set_knob("advisor_mode", "none");
		ksm::set_knob("smart_scan", 0L);
		ksm::set_knob("use_zero_pages", 0L);
		ksm::set_knob("max_page_sharing", 256);
	}

private:
	ksm::saved_knobs knobs_;
	ksm::other_value balancing_{"/proc/sys/kernel/numa_balancing", "0"};
};

/* Returns false if it has come to grief. */
bool try_channel(const ksm::channel_entry &entry, const ksm::place &place, ksm::holder who,
		 const ksm::setting &where, const command_line &line)
{
	try {
		const std::unique_ptr<ksm::channel> channel = entry.make();

		if (who == ksm::holder::guest && !channel->for_guests())
			return true;
		if (std::string reason = channel->why_not(); !reason.empty())
			ksm::print_skipped(where, entry.name, reason, line.json);
		else
			ksm::print_findings(where,
					    ksm::series(*channel, place, who, line.options).run(),
					    line.json);
		return true;
	} catch (const std::exception &error) {
		std::fprintf(stderr, "ksm_attack: %s, %s: %s: %s\n", where.mode.c_str(),
			     where.holders.c_str(), entry.name, error.what());
		return false;
	}
}

/* All the chosen channels in one mode. */
bool try_mode(const ksm::mode &mode, const std::string &holders, const command_line &line)
{
	const ksm::setting where = {mode.name, holders};
	const auto who = holders == "guests" ? ksm::holder::guest : ksm::holder::process;
	std::string reason = ksm::why_no_mode(mode);
	bool well = true;

	if (reason.empty() && who == ksm::holder::guest)
		reason = ksm::why_no_vm();
	if (!reason.empty()) {
		ksm::print_skipped(where, "all", reason, line.json);
		return true;
	}
	const ksm::place place(mode);

	for (const ksm::channel_entry *each : chosen(ksm::channels(), line.channels))
		well &= try_channel(*each, place, who, where, line);
	return well;
}

int attack(const command_line &line)
{
	std::string reason = ksm::why_not_here();

	if (reason.empty() && !ksm::ksmd_pid())
		reason = "there is no ksmd";
	if (!reason.empty()) {
		std::fprintf(stderr, "ksm_attack: %s\n", reason.c_str());
		return 1;
	}
	const still_machine still;
	bool well = true;

	for (const std::string &holders : line.holders.empty() ? all_holders : line.holders)
		for (const ksm::mode *mode : chosen(ksm::modes(), line.modes))
			well &= try_mode(*mode, holders, line);
	return well ? 0 : 1;
}

} /* namespace */

int main(int argc, char **argv)
{
	CLI::App app(
		"Plays an attacker and a victim whose memory KSM may merge, and tells how well\n"
		"each channel tells right guesses of the victim's pages from wrong ones: the\n"
		"area under the ROC curve, 0.5 if not at all. Sets KSM's knobs, unmerges\n"
		"everything, and puts the knobs back in the end.",
		"ksm_attack");
	command_line line;

	describe(app, line);
	try {
		app.parse(argc, argv);
	} catch (const CLI::ParseError &error) {
		return app.exit(error) ? 2 : 0;
	}
	if (line.list) {
		list();
		return 0;
	}
	try {
		return attack(line);
	} catch (const std::exception &error) {
		std::fprintf(stderr, "ksm_attack: %s\n", error.what());
		return 1;
	}
}
