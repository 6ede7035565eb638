// SPDX-License-Identifier: GPL-2.0
#include "support/sysfs.hpp"

#include <cstdio>
#include <stdexcept>
#include <system_error>
#include <vector>

#include <unistd.h>

namespace ksm
{

namespace
{

const sysfs_dir knobs;

/* The order in which they are put back: none of them stands in another's way. */
const std::vector<std::string> writable = {
	"sleep_millisecs",
	"merge_across_nodes",
	"max_page_sharing",
	"use_zero_pages",
	"smart_scan",
	"stable_node_chains_prune_millisecs",
	"advisor_max_cpu",
	"advisor_max_pages_to_scan",
	"advisor_min_pages_to_scan",
	"advisor_target_scan_time",
	"thp_split_threshold",
	"fingerprint",
	"domain_mode",
	"uniform_faults",
	"pressure_boost",
	"restrict_counters",
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

std::string knob_path(const std::string &name)
{
	return knobs.path(name);
}

bool has_knob(const std::string &name)
{
	return knobs.has(name);
}

std::string knob_text(const std::string &name)
{
	return knobs.text(name);
}

long knob(const std::string &name)
{
	const std::string text = knob_text(name);

	if (const auto number = number_in(text))
		return *number;
	throw std::runtime_error(name + " is '" + text + "', not a number");
}

int try_knob(const std::string &name, const std::string &value)
{
	return knobs.write(name, value);
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

other_knob::other_knob(const std::string &name, const std::string &value)
	: name_(name), before_(chosen(knob_text(name)))
{
	set_knob(name, value);
}

other_knob::~other_knob()
{
	if (try_knob(name_, before_))
		std::printf("# %s could not be put back\n", name_.c_str());
}

other_value::other_value(const std::string &path, const std::string &value) : path_(path)
{
	if (access(path.c_str(), F_OK) == 0) {
		before_ = chosen(read_text(path));
		write_text(path, value);
	}
}

other_value::~other_value()
{
	if (!before_.empty())
		write_text(path_, before_);
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
