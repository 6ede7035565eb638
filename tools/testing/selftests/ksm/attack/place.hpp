/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <list>
#include <optional>
#include <string>
#include <vector>

#include "support/cgroup.hpp"
#include "support/sysfs.hpp"

namespace ksm
{

enum class side { attacker, victim };

/* How a kernel may be told who may share pages with whom; 0 and false are as at boot. */
struct mode {
	const char *name;
	const char *what;
	int domain_of_each = 0;	  /* memory.ksm_domain of a cgroup for each side */
	int domain_of_both = 0;	  /* that of one which both are in */
	bool by_user = false;	  /* domain_mode cgroup+user */
	bool new_domains = false; /* each side asks for a domain of its own by prctl() */
	bool uniform_faults = false;
	bool restrict_counters = false;
	bool victim_offers = true;
};

const std::vector<mode> &modes();

/* Empty if this kernel has what that mode takes, else what is missing. */
std::string why_no_mode(const mode &its);

/*
 * Both sides in a mode, for as long as this lives. In each mode they are different users
 * without rights, each in a memory cgroup of its own.
 */
class place
{
public:
	explicit place(const mode &its);

	const memory_group &group(side which) const
	{
		return which == side::attacker ? groups_.front() : groups_.back();
	}
	bool victim_offers() const { return mode_.victim_offers; }
	/* In a process of that side, which its group has taken in: it is no root any more. */
	void enter(side which) const;

private:
	const mode &mode_;
	std::list<other_knob> knobs_;
	std::optional<memory_group> both_;
	std::list<memory_group> groups_; /* in the order of the sides */
};

} /* namespace ksm */
