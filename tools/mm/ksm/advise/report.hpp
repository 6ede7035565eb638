/* SPDX-License-Identifier: GPL-2.0 */
/* What was done with the memory of some processes, and why not with that of others. */
#pragma once

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "advise/pieces.hpp"

namespace ksm
{

struct advised_process {
	std::string pid;
	std::string name;
	std::int64_t bytes = 0;	     /* for which the advice was taken */
	std::int64_t used_bytes = 0; /* of all of it: what there was in memory and swap */
	std::int64_t done_bytes = 0; /* that were advised before */
	std::int64_t left_bytes = 0; /* not taken, because of the error */
	int err = 0;
	bool ended = false;

	bool is_forbidden() const { return err == EACCES || err == EPERM; }
};

/*
 * @all: they were not named, so that those with nothing to say are left out, and those that
 * we have no right to are only counted.
 */
void print_advised(const std::vector<advised_process> &processes, advice advice, bool all);

std::string advised_record(const std::vector<advised_process> &processes, advice advice);

} /* namespace ksm */
