// SPDX-License-Identifier: GPL-2.0
#include "lib/proc/process.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <unistd.h>

#include "format.hpp"
#include "lib/page_size.hpp"
#include "lib/proc/pids.hpp"
#include "lib/sysfs.hpp"

namespace fs = std::filesystem;

namespace ksm
{
namespace
{

/* Empty where there is no such file any more. What libproc2 does not tell is read so. */
std::string content(const fs::path &file)
{
	std::ifstream in(file);
	std::ostringstream text;

	text << in.rdbuf();
	return text.str();
}

/* A kernel thread has no memory, and what is hidden from us looks the same. */
std::optional<std::int64_t> memory_of(int pid, pids_item item)
{
	const auto amount = amount_of(pid, item);

	return amount && *amount > 0 ? amount : std::nullopt;
}

/*
 * QEMU takes "-name NAME,..." and "-name ...,guest=NAME", in which two commas stand for one
 * of the name.
 */
std::string name_in(const std::string &argument)
{
	std::vector<std::string> parts(1);

	for (std::size_t at = 0; at < argument.size(); at++) {
		const bool comma = argument[at] == ',';

		if (comma && argument.compare(at, 2, ",,"))
			parts.emplace_back();
		else
			parts.back() += argument[at];
		at += comma && !argument.compare(at, 2, ",,");
	}
	for (const std::string &part : parts)
		if (part.starts_with("guest="))
			return part.substr(6);
	return parts.front().find('=') == std::string::npos ? parts.front() : "";
}

bool is_unit(const std::string &part)
{
	return part.ends_with(".service") || part.ends_with(".scope");
}

} /* namespace */

ksm_stat &ksm_stat::operator+=(const ksm_stat &other)
{
	rmap_items += other.rmap_items;
	merging_pages += other.merging_pages;
	zero_pages += other.zero_pages;
	profit += other.profit;
	return *this;
}

std::string place::unit_cgroup() const
{
	const std::size_t at = unit.empty() ? cgroup.npos : cgroup.rfind("/" + unit);

	return at == cgroup.npos ? cgroup : cgroup.substr(0, at + 1 + unit.size());
}

std::vector<std::string> process::arguments() const
{
	std::vector<std::string> all = parts_of(number(), PIDS_CMDLINE_V);

	/* So libproc2 shows that of a kernel thread. */
	if (all.size() == 1 && all[0] == "-")
		all.clear();
	return all;
}

std::string process::command_line() const
{
	return fmt::format("{}", fmt::join(arguments(), " "));
}

std::optional<std::int64_t> process::resident_kb() const
{
	return memory_of(number(), PIDS_VM_RSS);
}

std::optional<std::int64_t> process::proportional_kb() const
{
	return memory_of(number(), PIDS_SMAP_PSS);
}

std::int64_t process::oom_score() const
{
	return amount_of(number(), PIDS_OOM_SCORE).value_or(0);
}

std::optional<bool> process::has_open(const std::string &beginning) const
{
	std::error_code listed, read;

	for (fs::directory_iterator at(dir_ / "fd", listed), end; !listed && at != end;
	     at.increment(listed)) {
		if (fs::read_symlink(at->path(), read).native().starts_with(beginning))
			return true;
		if (read == std::errc::permission_denied)
			return std::nullopt;
	}
	/* Any other failure: it has ended, or that file was closed, meanwhile. */
	if (listed == std::errc::permission_denied)
		return std::nullopt;
	return false;
}

std::optional<ksm_stat> process::stat() const
{
	return parse_ksm_stat(content(dir_ / "ksm_stat"));
}

/* "ksm_zero_pages 5" and "ksm_mergeable: yes" */
std::optional<ksm_stat> parse_ksm_stat(const std::string &text)
{
	std::istringstream in(text);
	std::optional<ksm_stat> stat;

	for (std::string line; std::getline(in, line);) {
		const std::size_t blank = line.find(' ');
		const std::string name = line.substr(0, blank);
		const std::string value = blank == line.npos ? "" : line.substr(blank + 1);
		const auto amount = number_in(value), pages = possible_pages(amount);

		if (!stat)
			stat.emplace();
		if (name == "ksm_mergeable:")
			stat->mergeable = value == "yes";
		else if (name == "ksm_rmap_items")
			stat->rmap_items = pages.value_or(0);
		else if (name == "ksm_merging_pages")
			stat->merging_pages = pages.value_or(0);
		else if (name == "ksm_zero_pages")
			stat->zero_pages = pages.value_or(0);
		else if (name == "ksm_process_profit")
			stat->profit = possible_gain(amount).value_or(0);
	}
	return stat;
}

bool process::hidden() const
{
	const int fd = open((dir_ / "ksm_stat").c_str(), O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd < 0 && (errno == EACCES || errno == EPERM);
}

place process::place() const
{
	return place_of(parts_of(number(), PIDS_CGROUP_V));
}

place place_of(const std::vector<std::string> &cgroups)
{
	std::string unified, systemd;
	place place;

	/* That of cgroup v2, or the one in which systemd keeps its units in v1. */
	for (const std::string &line : cgroups) {
		static constexpr std::string_view v1 = ":name=systemd:";
		const std::size_t at = line.find(v1);

		if (line.starts_with("0::"))
			unified = line.substr(3);
		else if (at != line.npos)
			systemd = line.substr(at + v1.size());
	}
	place.cgroup = (unified.empty() || unified == "/") && !systemd.empty() ? systemd : unified;
	for (const fs::path &part : fs::path(place.cgroup))
		if (is_unit(part))
			place.unit = part;
	return place;
}

/* libproc2 would put question marks for what the locale has no letters for. */
std::string process::program() const
{
	const std::string comm = content(dir_ / "comm");

	return comm.substr(0, comm.find('\n'));
}

std::string guest_name(const std::vector<std::string> &arguments)
{
	const auto is_name = [](const std::string &argument) {
		return argument == "-name" || argument == "--name";
	};
	const auto at = std::ranges::find_if(arguments, is_name);

	return at == arguments.end() || at + 1 == arguments.end() ? "" : name_in(at[1]);
}

std::string process::name() const
{
	const std::string guest = guest_name(arguments());

	return guest.empty() ? program() : guest;
}

std::vector<process> processes(const fs::path &proc)
{
	std::vector<process> all;

	for (const int pid : all_pids())
		all.emplace_back(proc / std::to_string(pid));
	return all;
}

} /* namespace ksm */
