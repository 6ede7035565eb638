// SPDX-License-Identifier: GPL-2.0
#include "lib/proc/process.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <unistd.h>

#include "error.hpp"
#include "format.hpp"
#include "lib/page_size.hpp"
#include "lib/sysfs.hpp"

namespace fs = std::filesystem;

namespace ksm
{
namespace
{

/* Empty where there is no such file any more. */
std::string content(const fs::path &file)
{
	std::ifstream in(file);
	std::ostringstream text;

	text << in.rdbuf();
	return text.str();
}

/* "Name:    123 kB" among the lines of a file. */
std::optional<std::int64_t> amount_in(const fs::path &file, const std::string &name)
{
	std::ifstream in(file);

	for (std::string word, line; in >> word; std::getline(in, line)) {
		std::int64_t amount = 0;

		if (word == name && in >> amount)
			return amount;
	}
	return std::nullopt;
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

std::string process::command_line() const
{
	std::string text = content(dir_ / "cmdline");

	while (!text.empty() && !text.back())
		text.pop_back();
	std::ranges::replace(text, '\0', ' ');
	return text;
}

std::optional<std::int64_t> process::resident_kb() const
{
	return amount_in(dir_ / "status", "VmRSS:");
}

std::optional<std::int64_t> process::proportional_kb() const
{
	return amount_in(dir_ / "smaps_rollup", "Pss:");
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
	return parse_cgroup(content(dir_ / "cgroup"));
}

place parse_cgroup(const std::string &text)
{
	std::istringstream in(text);
	std::string unified, systemd;
	place place;

	/* That of cgroup v2, or the one in which systemd keeps its units in v1. */
	for (std::string line; std::getline(in, line);) {
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

std::string process::program() const
{
	const std::string comm = content(dir_ / "comm");

	return comm.substr(0, comm.find('\n'));
}

std::string guest_name(const std::string &cmdline)
{
	std::istringstream in(cmdline);

	for (std::string argument; std::getline(in, argument, '\0');)
		if ((argument == "-name" || argument == "--name") &&
		    std::getline(in, argument, '\0'))
			return name_in(argument);
	return "";
}

std::string process::name() const
{
	const std::string guest = guest_name(content(dir_ / "cmdline"));

	return guest.empty() ? program() : guest;
}

std::vector<process> processes(const fs::path &proc)
{
	std::vector<std::pair<std::int64_t, process>> found;
	std::vector<process> sorted;
	std::error_code ec;

	for (fs::directory_iterator at(proc, ec), end; !ec && at != end; at.increment(ec))
		if (const auto pid = number_in(at->path().filename().string()))
			found.emplace_back(*pid, at->path());
	if (ec)
		throw error(fmt::format("cannot list the processes in {}: {}", proc.string(),
					ec.message()),
			    "run as root, with the proc filesystem there");
	std::ranges::sort(found, {}, &std::pair<std::int64_t, process>::first);
	for (auto &[pid, process] : found)
		sorted.push_back(std::move(process));
	return sorted;
}

} /* namespace ksm */
