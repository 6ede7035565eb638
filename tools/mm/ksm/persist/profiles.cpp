// SPDX-License-Identifier: GPL-2.0
#include "persist/profiles.hpp"

#include <algorithm>

#include "error.hpp"
#include "format.hpp"
#include "suggest.hpp"

namespace ksm
{
namespace
{

const setting ksmd_runs = {"run", "1", "ksmd runs"};
const setting by_time = {"advisor_mode", "scan-time", "the kernel sets the pace itself",
			 counts::without_budget};
const setting by_budget = {"advisor_mode", "cpu-budget", "ksmd keeps to its CPU time by the clock",
			   counts::with_budget};

setting pass_in(const char *seconds, const char *why)
{
	return {"advisor_target_scan_time", seconds, why, counts::without_budget};
}

const profile only_run = {"", "ksmd runs, all else stays as it is", {ksmd_runs}};

const std::vector<profile> profiles = {
	{"vmhost",
	 "for hosts of virtual machines: save memory, and keep most huge pages",
	 {by_time,
	  pass_in("200", "a pass in 200 seconds"),
	  {"advisor_max_cpu", "25", "up to a quarter of a CPU"},
	  by_budget,
	  {"use_zero_pages", "1", "free memory of guests is mostly zeroes"},
	  {"thp_split_threshold", "100", "a huge page is split for 400 KiB, and not for less"},
	  ksmd_runs}},
	{"containers",
	 "for many processes of the same programs: save all there is",
	 {by_time,
	  pass_in("120", "a pass in 2 minutes, as containers come and go"),
	  {"advisor_max_cpu", "10", "up to a tenth of a CPU"},
	  by_budget,
	  {"thp_split_threshold", "1", "heaps of interpreters hold few equal pages each"},
	  {"restrict_counters", "1", "containers do not learn of each other by the counters"},
	  ksmd_runs}},
	{"desktop",
	 "for machines that one sits at: go unnoticed",
	 {by_time,
	  pass_in("600", "a pass in 10 minutes"),
	  {"advisor_max_cpu", "2", "up to a fiftieth of a CPU"},
	  by_budget,
	  {"thp_split_threshold", "200", "the speed of huge pages matters more"},
	  ksmd_runs}},
};

} /* namespace */

const profile &find_profile(const std::string &name)
{
	std::vector<std::string> names;

	if (name.empty())
		return only_run;
	for (const profile &profile : profiles) {
		if (profile.name == name)
			return profile;
		names.push_back(profile.name);
	}
	throw error(fmt::format("there is no profile '{}'{}", name, did_you_mean(name, names)),
		    fmt::format("the profiles are: {}", fmt::join(names, " ")), exit_status::usage);
}

} /* namespace ksm */
