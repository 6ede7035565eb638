// SPDX-License-Identifier: GPL-2.0
#include "attack/place.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>
#include <utility>

#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "support/child.hpp"
#include "support/process.hpp"

namespace ksm
{

namespace
{

constexpr uid_t attackers_user = 65534, victims_user = 65533;

std::string why_no_domain(int value)
{
	if (std::string reason = why_no_groups(); !reason.empty())
		return reason;
	const memory_group probe("probe");

	switch (int error = probe.set_domain(std::to_string(value))) {
	case 0:
		return "";
	case ENOENT:
		return "this kernel has no memory.ksm_domain";
	default:
		return "memory.ksm_domain does not take " + std::to_string(value) + ": " +
		       std::strerror(error);
	}
}

std::string why_no_knob_of(const char *name)
{
	return has_knob(name) ? "" : std::string("this kernel has no ") + name;
}

std::string why_no_new_domain()
{
	/* In a process of its own, as nobody leaves his domain again. */
	child asking([](parent_link &parent) {
		parent.reach("asked", std::uint64_t(try_set_merge_in_new_domain()));
	});
	const int error = int(asking.reach("asked"));

	return error ? "this kernel has no new domains by PR_SET_MEMORY_MERGE: " +
			       std::string(std::strerror(error))
		     : "";
}

void set_domain(const memory_group &group, int value)
{
	if (int error = group.set_domain(std::to_string(value)))
		throw std::system_error(error, std::generic_category(), "memory.ksm_domain");
}

void drop_rights(uid_t user)
{
	if (setgroups(0, nullptr) || setresgid(user, user, user) || setresuid(user, user, user))
		throw std::system_error(errno, std::generic_category(), "setresuid");
	/* Else its own files in /proc would be root's; and this is lost by a change of user. */
	if (prctl(PR_SET_DUMPABLE, 1) || prctl(PR_SET_PDEATHSIG, SIGKILL))
		throw std::system_error(errno, std::generic_category(), "prctl");
}

} /* namespace */

const std::vector<mode> &modes()
{
	static const std::vector<mode> all = {
		{.name = "global", .what = "all memory in one domain, as at boot"},
		{.name = "unoffered",
		 .what = "the victim's memory is not offered: the harness itself must tell nothing",
		 .victim_offers = false},
		{.name = "cgroups",
		 .what = "each side in a cgroup with memory.ksm_domain 1",
		 .domain_of_each = 1},
		{.name = "users",
		 .what = "domain_mode cgroup+user, with two users",
		 .by_user = true},
		{.name = "prctl",
		 .what = "each side in a new domain by PR_SET_MEMORY_MERGE",
		 .new_domains = true},
		{.name = "uniform",
		 .what = "both sides in a cgroup with memory.ksm_domain 2, restrict_counters 1",
		 .domain_of_both = 2,
		 .restrict_counters = true},
		{.name = "uniform-global",
		 .what = "all memory in one domain, uniform_faults 1, restrict_counters 1",
		 .uniform_faults = true,
		 .restrict_counters = true},
	};

	return all;
}

std::string why_no_mode(const mode &its)
{
	if (std::string reason = why_no_groups(); !reason.empty())
		return reason;
	for (int value : {its.domain_of_each, its.domain_of_both})
		if (std::string reason = value ? why_no_domain(value) : ""; !reason.empty())
			return reason;
	for (auto [wanted, name] : {std::pair(its.by_user, "domain_mode"),
				    std::pair(its.uniform_faults, "uniform_faults"),
				    std::pair(its.restrict_counters, "restrict_counters")})
		if (std::string reason = wanted ? why_no_knob_of(name) : ""; !reason.empty())
			return reason;
	return its.new_domains ? why_no_new_domain() : "";
}

place::place(const mode &its) : mode_(its)
{
	if (its.by_user)
		knobs_.emplace_back("domain_mode", "cgroup+user");
	if (its.uniform_faults)
		knobs_.emplace_back("uniform_faults", "1");
	if (its.restrict_counters)
		knobs_.emplace_back("restrict_counters", "1");
	if (its.domain_of_both)
		set_domain(both_.emplace("both"), its.domain_of_both);
	for (const char *name : {"attacker", "victim"}) {
		const memory_group &group =
			both_ ? groups_.emplace_back(*both_, name) : groups_.emplace_back(name);

		if (its.domain_of_each)
			set_domain(group, its.domain_of_each);
	}
}

void place::enter(side which) const
{
	if (mode_.new_domains)
		if (int error = try_set_merge_in_new_domain())
			throw std::system_error(error, std::generic_category(),
						"PR_SET_MEMORY_MERGE");
	drop_rights(which == side::attacker ? attackers_user : victims_user);
}

} /* namespace ksm */
