// SPDX-License-Identifier: GPL-2.0
/*
 * ksm_bench: what KSM costs, per page and visit. Only the public interfaces are used,
 * so that one binary measures any kernel with KSM.
 */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include <getopt.h>

#include "bench/scenario.h"
#include "bench/workload.h"
#include "support/passes.h"

namespace
{

void usage(std::FILE *to)
{
	std::fputs(
		"usage: ksm_bench [--scenario NAME]... [--pages N] [--passes N]\n"
		"                [--smart-scan] [--wall] [--json] [--list] [--help]\n"
		"Measures the CPU time of ksmd in nanoseconds per page and pass; under QEMU's\n"
		"-icount shift=0 that is instructions. Without --scenario: all of them, but for\n"
		"those that take long or two CPUs, or vary: defaults, budget, contention,\n"
		"hot-writers, launch-beside-ksmd and wait-exit.\n"
		"  --pages N     pages of memory to work on (16384)\n"
		"  --passes N    passes to measure, where the scenario leaves a choice\n"
		"  --smart-scan  with smart_scan 1 instead of 0\n"
		"  --wall        time ksmd by the wall clock, where schedstat counts ticks only\n"
		"                (User Mode Linux); takes one CPU, and nobody else on it\n"
		"  --json        one JSON object per line\n"
		"  --list        names of the scenarios\n",
		to);
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

void print(const ksm::scenario &scenario, const ksm::bench_options &options, const ksm::cost &cost,
	   bool json)
{
	const ksm::counters &end = cost.after;

	if (json) {
		std::printf("{\"scenario\": \"%s\", \"pages\": %zu, \"passes\": %u, "
			    "\"smart_scan\": %d, \"clock\": \"%s\", \"ns_per_page\": %.1f, "
			    "\"total_ns\": %llu, \"least_pass_ns\": %llu, \"most_pass_ns\": %llu, "
			    "\"pages_shared\": %ld, \"pages_sharing\": %ld, "
			    "\"pages_unshared\": %ld, \"pages_volatile\": %ld, "
			    "\"ksm_zero_pages\": %ld, \"full_scans\": %ld",
			    scenario.name, options.pages, cost.passes, options.smart_scan,
			    cost.wall ? "wall" : "ksmd", cost.per_page(),
			    static_cast<unsigned long long>(cost.total_ns),
			    static_cast<unsigned long long>(cost.least_ns),
			    static_cast<unsigned long long>(cost.most_ns), end.shared, end.sharing,
			    end.unshared, end.unstable, end.zero, end.full_scans);
		const char *before = ", \"series\": [";

		for (const ksm::progress &point : cost.series) {
			std::printf("%s[%llu, %ld]", before,
				    static_cast<unsigned long long>(point.ns), point.merged);
			before = ", ";
		}
		std::fputs(cost.series.empty() ? "" : "]", stdout);
		for (const ksm::figure &each : cost.figures)
			std::printf(", \"%s\": %.3f", each.name.c_str(), each.value);
		std::puts("}");
	} else {
		double pages = double(options.pages);

		std::printf("%-21s %10.1f ns/page %s  passes %u (%.1f to %.1f)  pages %zu  "
			    "shared %ld sharing %ld unshared %ld volatile %ld zero %ld\n",
			    scenario.name, cost.per_page(), cost.wall ? "wall" : "ksmd",
			    cost.passes, double(cost.least_ns) / pages,
			    double(cost.most_ns) / pages, options.pages, end.shared, end.sharing,
			    end.unshared, end.unstable, end.zero);
		for (const ksm::figure &each : cost.figures)
			std::printf("%24s %.3f\n", each.name.c_str(), each.value);
	}
	std::fflush(stdout);
}

const ksm::scenario *find(const char *name)
{
	for (const auto &each : ksm::scenarios())
		if (!std::strcmp(each.name, name))
			return &each;
	return nullptr;
}

std::optional<unsigned long> number(const char *text)
{
	char *end;
	unsigned long value = std::strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || value == 0)
		return std::nullopt;
	return value;
}

int bad_argument(const std::string &text)
{
	std::fprintf(stderr, "ksm_bench: %s\n", text.c_str());
	return 2;
}

int measure(const std::vector<const ksm::scenario *> &chosen, const ksm::bench_options &options,
	    bool json)
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

	ksm::saved_knobs knobs;
	int status = 0;

	for (const ksm::scenario *each : chosen) {
		try {
			prepare(options);
			print(*each, options, each->run(options), json);
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
	static const struct option names[] = {
		{"scenario", required_argument, nullptr, 's'},
		{"pages", required_argument, nullptr, 'p'},
		{"passes", required_argument, nullptr, 'n'},
		{"smart-scan", no_argument, nullptr, 'm'},
		{"wall", no_argument, nullptr, 'w'},
		{"json", no_argument, nullptr, 'j'},
		{"list", no_argument, nullptr, 'l'},
		{"help", no_argument, nullptr, 'h'},
		{nullptr, 0, nullptr, 0},
	};
	if (argc == 2 && !std::strcmp(argv[1], ksm::launched_option))
		return ksm::launched();

	std::vector<const ksm::scenario *> chosen;
	ksm::bench_options options;
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, "", names, nullptr)) != -1) {
		std::optional<unsigned long> value;

		if (option == 'p' || option == 'n') {
			value = number(optarg);
			if (!value)
				return bad_argument(std::string(optarg) +
						    " is not a positive number");
		}
		switch (option) {
		case 's':
			chosen.push_back(find(optarg));
			if (!chosen.back())
				return bad_argument(std::string("no scenario ") + optarg +
						    " (--list names them)");
			break;
		case 'p':
			if (*value < 16)
				return bad_argument("at least 16 pages, please");
			options.pages = *value;
			break;
		case 'n':
			options.passes = unsigned(*value);
			break;
		case 'm':
			options.smart_scan = true;
			break;
		case 'w':
			options.wall = true;
			break;
		case 'j':
			json = true;
			break;
		case 'l':
			for (const auto &each : ksm::scenarios())
				std::printf("%-21s %s\n", each.name, each.what);
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return 2;
	}
	if (chosen.empty())
		for (const auto &each : ksm::scenarios())
			if (!each.alone)
				chosen.push_back(&each);
	try {
		if (options.wall)
			ksm::time_ksmd_by_wall();
	} catch (const std::exception &error) {
		return bad_argument(error.what());
	}
	return measure(chosen, options, json);
}
