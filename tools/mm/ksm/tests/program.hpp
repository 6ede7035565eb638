/* SPDX-License-Identifier: GPL-2.0 */
/* Runs the ksmctl that was built, whose path is in the environment. */
#pragma once

#include <string>
#include <vector>

#include "tests/lines.hpp"

namespace ksm
{

struct outcome {
	int status; /* -1 if a signal ended it */
	std::string out;
	std::string err;
};

struct manner {
	bool as_nobody = false;
	std::string out_file = {}; /* for stdout */
	unsigned columns = 0;	   /* of a terminal for stdout and stderr, which both go to out */
};

outcome ksmctl(std::vector<std::string> words, const manner &manner = {});

/* What a command of the shell prints. */
std::string shell(const std::string &command, int *status = nullptr);

std::string environment(const char *name);

} /* namespace ksm */
