// SPDX-License-Identifier: GPL-2.0
#include "knobs.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <map>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.hpp"
#include "libs.hpp"

namespace fs = std::filesystem;

namespace ksm
{
namespace
{

/* What the kernel takes, for the message after an EINVAL. */
const std::map<std::string_view, std::string_view> accepted = {
	{"run", "0 (stop), 1 (merge) or 2 (stop and unshare everything)"},
	{"pages_to_scan", "a whole number, and only while advisor_mode is 'none'"},
	{"sleep_millisecs", "a whole number of milliseconds"},
	{"merge_across_nodes", "0 or 1"},
	{"max_page_sharing", "a whole number from 2 up"},
	{"use_zero_pages", "0 or 1"},
	{"smart_scan", "0 or 1"},
	{"stable_node_chains_prune_millisecs", "a whole number of milliseconds"},
	{"advisor_mode", "one of the words that 'ksmctl status' lists for it"},
	{"advisor_max_cpu", "a percentage of one CPU"},
	{"advisor_min_pages_to_scan", "a whole number"},
	{"advisor_max_pages_to_scan", "a whole number"},
	{"advisor_target_scan_time", "seconds, from 1 up"},
	{"fingerprint", "one of the words that 'ksmctl status' lists for it"},
};

std::string cure_for(int err, std::string_view name)
{
	switch (err) {
	case EINVAL:
	case ERANGE:
		if (auto it = accepted.find(name); it != accepted.end())
			return fmt::format("{} takes {}", name, it->second);
		return "see Documentation/admin-guide/mm/ksm.rst for what it takes";
	case EBUSY:
		return "it can change only while nothing is merged: 'ksmctl set run 2' first";
	case EACCES:
	case EPERM:
	case EROFS:
		return "the knobs can be written by root only, and not in most containers";
	case ENOMEM:
		return "every broken share needs a page of its own: free memory or add swap";
	case EOPNOTSUPP:
		return "this CPU has no instructions for it: 'auto' takes what it has";
	case EINTR:
		return "the write was interrupted half way";
	default:
		return "see dmesg for what the kernel says about it";
	}
}

} /* namespace */

knobs::knobs(fs::path dir) : dir_(std::move(dir))
{
	std::error_code ec;

	if (!fs::is_directory(dir_, ec))
		throw error(fmt::format("{} is not there", dir_.string()),
			    "mount sysfs on /sys, or run a kernel built with CONFIG_KSM=y");
}

fs::path knobs::path(std::string_view name) const
{
	/* A name with a slash would leave the directory. */
	if (!name.empty() && name.find('/') == name.npos && name.front() != '.') {
		fs::path file = dir_ / name;
		std::error_code ec;

		if (fs::is_regular_file(file, ec))
			return file;
	}

	std::string names;
	for (const knob &each : all())
		if (each.writable)
			names += " " + each.name;
	throw error(fmt::format("this kernel's KSM has no file '{}'", name),
		    fmt::format("its knobs are:{}", names));
}

std::vector<knob> knobs::all() const
{
	std::vector<knob> found;

	for (const auto &entry : fs::directory_iterator(dir_)) {
		if (!entry.is_regular_file())
			continue;
		const auto mode = entry.status().permissions();
		const std::string name = entry.path().filename().string();

		found.push_back(
			{name, text(name), (mode & fs::perms::owner_write) != fs::perms::none});
	}
	std::ranges::sort(found, {}, &knob::name);
	return found;
}

std::string knobs::text(std::string_view name) const
{
	std::ifstream in(path(name));
	std::string line;

	if (!std::getline(in, line))
		throw error(fmt::format("cannot read {}/{}", dir_.string(), name),
			    "run as root if the counters are restricted");
	return line;
}

std::int64_t knobs::number(std::string_view name) const
{
	const std::string value = text(name);
	std::int64_t number = 0;
	const char *end = value.data() + value.size();

	if (auto [at, ec] = std::from_chars(value.data(), end, number);
	    ec != std::errc() || at != end)
		throw error(fmt::format("{} is '{}', not a number", name, value),
			    "this kernel's KSM is not one that ksmctl knows");
	return number;
}

std::optional<std::int64_t> knobs::number_if_there(std::string_view name) const
{
	std::error_code ec;

	if (!fs::exists(dir_ / name, ec))
		return std::nullopt;
	return number(name);
}

void knobs::write(std::string_view name, std::string_view value) const
{
	const fs::path file = path(name);
	struct stat st = {};

	if (!stat(file.c_str(), &st) && !(st.st_mode & S_IWUSR))
		throw error(fmt::format("{} is a counter, it cannot be set", name),
			    "'ksmctl status' lists the knobs that can");

	const int fd = open(file.c_str(), O_WRONLY | O_CLOEXEC);
	const std::string line = fmt::format("{}\n", value);
	const bool good = fd >= 0 && ::write(fd, line.data(), line.size()) ==
					     static_cast<ssize_t>(line.size());
	const int err = errno;

	if (fd >= 0)
		close(fd);
	if (!good)
		throw error(
			fmt::format("cannot set {} to '{}': {}", name, value, std::strerror(err)),
			cure_for(err, name), err);
}

} /* namespace ksm */
