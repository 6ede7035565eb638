// SPDX-License-Identifier: GPL-2.0
#include "knobs.hpp"

#include <cerrno>
#include <cstring>
#include <map>
#include <string_view>
#include <system_error>

#include "error.hpp"
#include "format.hpp"

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

error unreadable(const std::system_error &failure)
{
	return error(fmt::format("cannot read {}", failure.what()),
		     "run as root if the counters are restricted", failure.code().value());
}

} /* namespace */

knobs::knobs(const std::string &path) : dir_(path)
{
	if (!dir_.exists())
		throw error(fmt::format("{} is not there", path),
			    "mount sysfs on /sys, or run a kernel built with CONFIG_KSM=y");
}

void knobs::must_have(const std::string &name) const
{
	if (dir_.has(name))
		return;

	std::string names;
	for (const sysfs_file &file : all())
		if (file.writable)
			names += " " + file.name;
	throw error(fmt::format("this kernel's KSM has no file '{}'", name),
		    fmt::format("its knobs are:{}", names));
}

std::vector<sysfs_file> knobs::all() const
{
	try {
		return dir_.files();
	} catch (const std::system_error &failure) {
		throw unreadable(failure);
	}
}

std::string knobs::text(const std::string &name) const
{
	must_have(name);
	try {
		return dir_.text(name);
	} catch (const std::system_error &failure) {
		throw unreadable(failure);
	}
}

std::int64_t knobs::number(const std::string &name) const
{
	const std::string value = text(name);
	const auto number = number_in(value);

	if (!number)
		throw error(fmt::format("{} is '{}', not a number", name, value),
			    "this kernel's KSM is not one that ksmctl knows");
	return *number;
}

std::optional<std::int64_t> knobs::number_if_there(const std::string &name) const
{
	if (!dir_.has(name))
		return std::nullopt;
	return number(name);
}

void knobs::write(const std::string &name, const std::string &value) const
{
	must_have(name);
	if (!dir_.writable(name))
		throw error(fmt::format("{} is a counter, it cannot be set", name),
			    "'ksmctl status' lists the knobs that can");

	/* With a newline, since sysfs takes a write of nothing at all for success. */
	if (int err = dir_.write(name, value + "\n"))
		throw error(
			fmt::format("cannot set {} to '{}': {}", name, value, std::strerror(err)),
			cure_for(err, name), err);
}

} /* namespace ksm */
