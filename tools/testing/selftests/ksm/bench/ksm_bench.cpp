// SPDX-License-Identifier: GPL-2.0
/*
 * ksm_bench: what KSM costs, per page and visit. Only the public interfaces are used,
 * so that one binary measures any kernel with KSM.
 */
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "bench/report.hpp"
#include "bench/scenario.hpp"
#include "bench/workload.hpp"
#include "lib/cli.hpp"
#include "support/passes.hpp"

namespace
{

struct command_line {
	ksm::bench_options options;
	std::vector<std::string> scenarios;
	bool json = false;
	bool list = false;
};

const ksm::scenario *find(const std::string &name)
{
	for (const auto &each : ksm::scenarios())
		if (each.name == name)
			return &each;
	return nullptr;
}

/* The scenarios that are measured only if they are named. */
std::string names_of_those_alone()
{
	std::string names;

	for (const auto &each : ksm::scenarios())
		if (each.alone)
			names += (names.empty() ? "" : ", ") + std::string(each.name);
	return names;
}

void describe(CLI::App &app, command_line &line)
{
	const CLI::Validator known(
		[](std::string &name) {
			return find(name) ? "" : "no scenario " + name + " (--list names them)";
		},
		"");

	app.add_option("--scenario", line.scenarios, "One to measure; may be given repeatedly")
		->type_name("NAME")
		->allow_extra_args(false)
		->check(known);
	app.add_option("--pages", line.options.pages, "Pages of memory to work on")
		->type_name("N")
		->transform(ksm::whole_number_from(16))
		->capture_default_str();
	app.add_option("--passes", line.options.passes,
		       "Passes to measure, where the scenario leaves a choice")
		->type_name("N")
		->transform(ksm::whole_number_from(1));
	app.add_flag("--smart-scan", line.options.smart_scan, "With smart_scan 1 instead of 0");
	app.add_flag("--wall", line.options.wall,
		     "Time ksmd by the wall clock, where schedstat counts ticks only\n"
		     "(User Mode Linux); takes one CPU, and nobody else on it");
	app.add_flag("--json", line.json, "One JSON object per line");
	app.add_flag("--list", line.list, "Names of the scenarios");
	app.footer("Without --scenario: all of them, but for those that take long or two CPUs,\n"
		   "or vary: " +
		   names_of_those_alone() + ".");
}

/* Puts everything as it must be for the next scenario. */
void prepare(const ksm::bench_options &options)
{
	ksm::stop_ksmd();
	ksm::unmerge_all();
	ksm::set_knob("advisor_mode", "none");
	ksm::set_knob("smart_scan", options.smart_scan ? 1 : 0);
	ksm::set_knob("use_zero_pages", 0L);
	ksm::set_knob("max_page_sharing", 256);
}

std::vector<const ksm::scenario *> chosen_by(const command_line &line)
{
	std::vector<const ksm::scenario *> chosen;

	for (const std::string &name : line.scenarios)
		chosen.push_back(find(name));
	if (chosen.empty())
		for (const auto &each : ksm::scenarios())
			if (!each.alone)
				chosen.push_back(&each);
	return chosen;
}

int measure(const command_line &line)
{
	std::string reason = ksm::why_not_here();

	if (!reason.empty()) {
		std::fprintf(stderr, "ksm_bench: %s\n", reason.c_str());
		return 1;
	}
	if (!ksm::ksmd_pid()) {
		std::fprintf(stderr, "ksm_bench: there is no ksmd\n");
		return 1;
	}

	const auto print = line.json ? ksm::print_json : ksm::print_text;
	ksm::saved_knobs knobs;
	int status = 0;

	for (const ksm::scenario *each : chosen_by(line)) {
		try {
			prepare(line.options);
			print(*each, line.options, each->run(line.options));
		} catch (const ksm::not_here &missing) {
			std::fprintf(stderr, "ksm_bench: %s: SKIP: %s\n", each->name,
				     missing.what());
		} catch (const std::exception &error) {
			std::fprintf(stderr, "ksm_bench: %s: %s\n", each->name, error.what());
			status = 1;
		}
	}
	return status;
}

} /* namespace */

int main(int argc, char **argv)
{
	if (argc == 2 && !std::strcmp(argv[1], ksm::launched_option))
		return ksm::launched();

	CLI::App app(
		"Measures the CPU time of ksmd in nanoseconds per page and pass; under QEMU's\n"
		"-icount shift=0 that is instructions. Sets KSM's knobs, unmerges everything\n"
		"before each scenario, and puts the knobs back in the end.",
		"ksm_bench");
	command_line line;

	describe(app, line);
	try {
		app.parse(argc, argv);
	} catch (const CLI::ParseError &error) {
		return app.exit(error) ? 2 : 0;
	}
	if (line.list) {
		for (const auto &each : ksm::scenarios())
			std::printf("%-24s %s\n", each.name, each.what);
		return 0;
	}
	try {
		if (line.options.wall)
			ksm::time_ksmd_by_wall();
	} catch (const std::exception &error) {
		std::fprintf(stderr, "ksm_bench: %s\n", error.what());
		return 2;
	}
	return measure(line);
}
