/* SPDX-License-Identifier: GPL-2.0 */
/* What ksmtuned is told by its configuration; the defaults are those of the script before it. */
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ksmtuned/assignments.hpp"

namespace ksm::tuned
{

/* Who decides how much is scanned: we, or the advisor in the kernel. */
enum class tuning { classic, kernel };

enum class metric { rsz, pss };

struct settings {
	std::chrono::milliseconds interval{60'000};
	std::int64_t sleep_msec = 10;
	std::int64_t npages_boost = 300;
	std::int64_t npages_decay = -50;
	std::int64_t npages_min = 64;
	std::int64_t npages_max = 1250;
	std::int64_t thres_coef = 20;	 /* percent of all memory */
	std::int64_t thres_const = 2048; /* kB */
	metric ps_metric = metric::rsz;
	std::string vm_pattern; /* empty: by KVM's file descriptors */
	tuning mode = tuning::classic;
	std::optional<std::int64_t> advisor_max_cpu;
	std::optional<std::int64_t> advisor_target_scan_time;
	std::string metrics_file;
	std::string pid_file = "/var/run/ksmtune.pid";
	std::string log_file; /* empty: standard output */
	bool debug = false;
};

struct configuration {
	tuned::settings settings;
	std::vector<std::string> warnings; /* of what is taken and is odd all the same */
	bool found = true;		   /* false: there was no file */
};

/* Throws ksm::error. @file is named in what is said. */
configuration configure(const variables &variables, const std::string &file);

/* Reads the file, and the environment. Without the file, the defaults hold. */
configuration read_configuration(const std::string &file);

/* One line of the configuration for each setting. */
std::string text_of(const settings &settings);

} /* namespace ksm::tuned */
