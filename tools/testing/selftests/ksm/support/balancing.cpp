// SPDX-License-Identifier: GPL-2.0
#include "support/balancing.hpp"

#include <system_error>

#include <unistd.h>

#include "lib/sysfs.hpp"
#include "support/process.hpp"

namespace ksm
{

namespace
{

const std::string knob_of_balancing = "/proc/sys/kernel/numa_balancing";
const std::string scheduler = "/sys/kernel/debug/sched/numa_balancing/";

} /* namespace */

std::string eager_balancing::why_not()
{
	if (access(knob_of_balancing.c_str(), F_OK))
		return "this kernel has no CONFIG_NUMA_BALANCING";
	return why_not_two_nodes();
}

std::string eager_balancing::why_not_hurried()
{
	if (access(scheduler.c_str(), F_OK))
		return "NUMA balancing cannot be hurried without debugfs and CONFIG_SCHED_DEBUG";
	return why_not();
}

eager_balancing::eager_balancing()
{
	set(knob_of_balancing, "1");
	if (!why_not_hurried().empty())
		return;
	set(scheduler + "scan_delay_ms", "1");
	set(scheduler + "scan_period_min_ms", "1");
	set(scheduler + "scan_period_max_ms", "1");
	set(scheduler + "scan_size_mb", "1024");
}

eager_balancing::~eager_balancing()
{
	for (const auto &[path, text] : before_)
		write_text(path, text);
}

void eager_balancing::set(const std::string &path, const std::string &text)
{
	before_[path] = read_text(path);
	if (int err = write_text(path, text))
		throw std::system_error(err, std::generic_category(), path);
}

} /* namespace ksm */
