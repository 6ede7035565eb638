/* SPDX-License-Identifier: GPL-2.0 */
/* The subcommands; each returns the exit status or throws ksm::error. */
#pragma once

#include <string>
#include <vector>

#include "estimate/options.hpp"
#include "knobs.hpp"
#include "ksmd.hpp"
#include "persist/options.hpp"
#include "ps_options.hpp"
#include "selection.hpp"
#include "watch/options.hpp"

namespace ksm
{

struct status_options {
	bool all = false;
	bool json = false;
};

struct set_options {
	bool dry_run = false;
	bool force = false; /* unshare even if there may not be the memory for it */
	bool json = false;
};

struct advise_options {
	selection of;
	bool json = false;
};

struct wait_options {
	std::string pid; /* empty: for all processes */
	bool json = false;
};

struct explain_options {
	double seconds = 2; /* between two looks */
	bool json = false;
};

int status(const knobs &knobs, const ksmd &ksmd, const status_options &options);
int watch(const knobs &knobs, const std::string &proc, const watch_options &options);

/* @proc: where the processes are. */
int explain(const knobs &knobs, const std::string &proc, const explain_options &options);

/* @words: KNOB=VALUE..., or one KNOB and its VALUE. */
int set(const knobs &knobs, const std::string &proc, const std::vector<std::string> &words,
	const set_options &options);

int ps(const std::string &proc, const ps_options &options);

int estimate(const knobs &knobs, const std::string &proc, const estimate_options &options);

/* Memory of processes that run already. */
int offer(const knobs &knobs, const std::string &proc, const advise_options &options);
int withdraw(const std::string &proc, const advise_options &options);
int merge(const knobs &knobs, const std::string &proc, const advise_options &options);

/* Until ksmd has gone over all that is offered, twice. */
int wait(const knobs &knobs, const std::string &proc, const wait_options &options);

/* Knobs, or the memory of a unit, now and at each boot. */
int enable(const knobs &knobs, const std::string &proc, const persist_options &options);
int disable(const knobs &knobs, const std::string &proc, const persist_options &options);

/* Returns only if the program cannot be started. */
int run(const knobs &knobs, const std::vector<std::string> &command);

} /* namespace ksm */
