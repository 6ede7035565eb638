/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A process as /proc shows it; what it does not show, or no longer, is missing. libproc2 tells
 * which there are, what they were started as, where systemd has put them, and what they have
 * in memory. What it does not know is read here: what KSM tells, smaps, the names of open
 * files, and comm.
 */
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ksm
{

/* What KSM tells of a process. */
struct ksm_stat {
	std::int64_t rmap_items = 0; /* pages that it knows */
	std::int64_t merging_pages = 0;
	std::int64_t zero_pages = 0;
	std::int64_t profit = 0;       /* bytes */
	std::optional<bool> mergeable; /* is anything offered; older kernels do not tell */

	bool knows_pages() const { return rmap_items || merging_pages || zero_pages || profit; }
	ksm_stat &operator+=(const ksm_stat &other);
};

/* Where systemd, or who else makes cgroups, has put a process. */
struct place {
	std::string cgroup;
	std::string unit; /* "qemu-vm.scope"; empty where no part of the path is one */

	/* The cgroup without what the unit has made below it. */
	std::string unit_cgroup() const;

	auto operator<=>(const place &) const = default;
};

/* As the file of this name has it. */
std::optional<ksm_stat> parse_ksm_stat(const std::string &text);

/* From the lines of /proc/PID/cgroup. */
place place_of(const std::vector<std::string> &cgroups);

/* What QEMU has been told as its name; empty if nothing. */
std::string guest_name(const std::vector<std::string> &arguments);

class process
{
public:
	explicit process(std::filesystem::path dir) : dir_(std::move(dir)) {}

	const std::filesystem::path &dir() const { return dir_; }
	std::string pid() const { return dir_.filename(); }

	/* None of kernel threads. */
	std::vector<std::string> arguments() const;
	/* The same with a blank between each two. */
	std::string command_line() const;

	/* As in its oom_score; 0 of those that the kernel spares. */
	std::int64_t oom_score() const;

	std::optional<std::int64_t> resident_kb() const;
	std::optional<std::int64_t> proportional_kb() const;

	/*
	 * Is there one among its file descriptors whose name begins so? Nothing where they
	 * are hidden from us.
	 */
	std::optional<bool> has_open(const std::string &beginning) const;

	/* Nothing for kernel threads, or where it is hidden from us. */
	std::optional<ksm_stat> stat() const;

	/* True if we may not read what only its owner may. */
	bool hidden() const;

	ksm::place place() const;

	std::string program() const;

	/* That of a guest if QEMU has been told it, else that of the program. */
	std::string name() const;

private:
	int number() const { return std::stoi(pid()); }

	std::filesystem::path dir_;
};

/* All of them, by PID. @proc: /proc by any name. Throws ksm::error where they cannot be listed. */
std::vector<process> processes(const std::filesystem::path &proc);

} /* namespace ksm */
