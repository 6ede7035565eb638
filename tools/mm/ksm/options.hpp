/* SPDX-License-Identifier: GPL-2.0 */
/* The command line. */
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "commands.hpp"

namespace ksm
{

constexpr const char *default_sysfs = "/sys/kernel/mm/ksm";

enum class command {
	status,
	watch,
	ps,
	estimate,
	explain,
	offer,
	withdraw,
	merge,
	wait,
	set,
	enable,
	disable,
	run
};

struct options {
	ksm::command command = command::status;
	std::string sysfs = default_sysfs;
	std::string proc = "/proc";
	status_options status;
	watch_options watch;
	ps_options ps;
	estimate_options estimate;
	explain_options explain;
	advise_options advise; /* of offer, withdraw and merge */
	wait_options wait;
	set_options set;
	persist_options persist;
	std::vector<std::string> words;	  /* of set: what to set */
	std::vector<std::string> program; /* of run */
};

/* Thrown where only a text was asked for: --help and --version. */
struct text_wanted {
	std::string text;
};

/* Throws ksm::error, with the exit status that the subcommand has for it. */
options parse_options(int argc, const char *const *argv);

} /* namespace ksm */
