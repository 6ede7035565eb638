// SPDX-License-Identifier: GPL-2.0
#include "support/sysfs.h"

#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace ksm
{

namespace
{

const std::string directory = "/sys/kernel/mm/ksm/";

/* The order in which they are put back: none of them stands in another's way. */
const std::vector<std::string> writable = {
	"sleep_millisecs",
	"merge_across_nodes",
	"max_page_sharing",
	"use_zero_pages",
	"smart_scan",
	"stable_node_chains_prune_millisecs",
	"advisor_max_cpu",
	"advisor_min_pages_to_scan",
	"advisor_max_pages_to_scan",
	"advisor_target_scan_time",
	"thp_split_threshold",
	"fingerprint",
};

/* The chosen word of a file such as "[none] scan-time". */
std::string chosen(const std::string &text)
{
	std::size_t from = text.find('[');
	std::size_t to = text.find(']');

	if (from == std::string::npos || to == std::string::npos)
		return text;
	return text.substr(from + 1, to - from - 1);
}

} /* namespace */

std::string read_text(const std::string &path)
{
	int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
	std::string text;
	char buffer[4096];
	ssize_t got;

	if (fd < 0)
		throw std::system_error(errno, std::generic_category(), path);
	while ((got = read(fd, buffer, sizeof(buffer))) > 0)
		text.append(buffer, std::size_t(got));
	int err = errno;

	close(fd);
	if (got < 0)
		throw std::system_error(err, std::generic_category(), path);
	if (!text.empty() && text.back() == '\n')
		text.pop_back();
	return text;
}

int write_text(const std::string &path, const std::string &text)
{
	int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	ssize_t put = write(fd, text.data(), text.size());
	int err = put < 0 ? errno : 0;

	close(fd);
	if (!err && std::size_t(put) != text.size())
		return EIO;
	return err;
}

std::string knob_path(const std::string &name)
{
	return directory + name;
}

bool has_knob(const std::string &name)
{
	return access(knob_path(name).c_str(), F_OK) == 0;
}

std::string knob_text(const std::string &name)
{
	return read_text(knob_path(name));
}

long knob(const std::string &name)
{
	return std::stol(knob_text(name));
}

int try_knob(const std::string &name, const std::string &value)
{
	return write_text(knob_path(name), value);
}

void set_knob(const std::string &name, const std::string &value)
{
	int err = try_knob(name, value);

	if (err)
		throw std::system_error(err, std::generic_category(),
					"cannot write " + value + " to " + name);
}

void set_knob(const std::string &name, long value)
{
	set_knob(name, std::to_string(value));
}

std::string why_not_here()
{
	if (!has_knob("run"))
		return "this kernel has no KSM (CONFIG_KSM)";
	if (geteuid() != 0)
		return "needs root";
	return "";
}

saved_knobs::saved_knobs()
{
	for (const auto &name : writable)
		if (has_knob(name))
			values_[name] = chosen(knob_text(name));
	values_["run"] = knob_text("run");
	values_["advisor_mode"] = chosen(knob_text("advisor_mode"));
	values_["pages_to_scan"] = knob_text("pages_to_scan");
}

saved_knobs::~saved_knobs()
{
	int err = try_knob("run", "2");

	for (const auto &name : writable)
		if (has_knob(name))
			err |= try_knob(name, values_[name]);
	err |= try_knob("advisor_mode", "none");
	err |= try_knob("pages_to_scan", values_["pages_to_scan"]);
	err |= try_knob("advisor_mode", values_["advisor_mode"]);
	err |= try_knob("run", values_["run"]);
	if (err)
		std::printf("# some knob could not be put back\n");
}

std::string saved_knobs::value(const std::string &name) const
{
	auto found = values_.find(name);

	if (found == values_.end())
		throw std::out_of_range("knob " + name + " was not saved");
	return found->second;
}

counters counters::read()
{
	return {
		.shared = knob("pages_shared"),
		.sharing = knob("pages_sharing"),
		.unshared = knob("pages_unshared"),
		.unstable = knob("pages_volatile"),
		.zero = knob("ksm_zero_pages"),
		.chains = knob("stable_node_chains"),
		.dups = knob("stable_node_dups"),
		.full_scans = knob("full_scans"),
	};
}

} /* namespace ksm */
