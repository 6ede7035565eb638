/* SPDX-License-Identifier: GPL-2.0 */
/* A process as /proc shows it; what it does not show, or no longer, is missing. */
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ksm
{

/* How much of a process KSM has merged. */
struct ksm_share {
	std::int64_t merging_pages = 0;
	std::int64_t zero_pages = 0;
	std::int64_t profit = 0; /* bytes */

	ksm_share &operator+=(const ksm_share &other);
};

/* Where systemd, or who else makes cgroups, has put a process. */
struct place {
	std::string cgroup;
	std::string unit; /* "qemu-vm.scope"; empty where no part of the path is one */

	auto operator<=>(const place &) const = default;
};

class process
{
public:
	explicit process(std::filesystem::path dir) : dir_(std::move(dir)) {}

	std::string pid() const { return dir_.filename(); }

	/* The arguments, a blank between each two; empty for kernel threads. */
	std::string command_line() const;

	std::optional<std::int64_t> resident_kb() const;
	std::optional<std::int64_t> proportional_kb() const;

	/* Among its file descriptors; nothing where they are hidden from us. */
	std::optional<bool> has_open(const std::string &file) const;

	/* Nothing if KSM knows no page of it. */
	std::optional<ksm_share> share() const;

	ksm::place place() const;

	/* That of a guest if QEMU has been told it, else that of the program. */
	std::string name() const;

private:
	std::filesystem::path dir_;
};

/* All of them, by PID. Throws ksm::error where they cannot be listed. */
std::vector<process> processes(const std::filesystem::path &proc);

} /* namespace ksm */
