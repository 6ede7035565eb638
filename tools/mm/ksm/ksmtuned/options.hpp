/* SPDX-License-Identifier: GPL-2.0 */
/* The command line of ksmtuned. */
#pragma once

#include <string>

namespace ksm::tuned
{

struct options {
	bool foreground = false;
	bool check = false;
	std::string config = "/etc/ksmtuned.conf";
	bool config_given = false; /* and must be there */
	std::string sysfs = "/sys/kernel/mm/ksm";
	std::string proc = "/proc";
};

/* Thrown where only a text was asked for: --help and --version. */
struct text_wanted {
	std::string text;
};

/* Throws ksm::error with the exit status for bad usage. */
options parse_options(int argc, const char *const *argv);

} /* namespace ksm::tuned */
