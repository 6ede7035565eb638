/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cstddef>
#include <string>

#include <sys/types.h>

#include "support/region.hpp"

namespace ksm
{

class child;

/* Empty if a memory_group can be made here, else what is missing. */
std::string why_no_groups();
/* Empty if pages can be swapped out on demand here, else what is missing. */
std::string why_no_reclaim();
/* Empty if a memory_group can be a domain, else what is missing. */
std::string why_no_domains();

/*
 * A memory cgroup of its own, so that its processes' pages can be reclaimed on
 * demand. Mounts a cgroup2 tree of its own where there is none.
 */
class memory_group
{
public:
	/* One program may have several, with different names. */
	explicit memory_group(const std::string &name = "");
	/* A group in that one, which must not have processes itself. */
	memory_group(const memory_group &parent, const std::string &name);
	~memory_group();
	memory_group(const memory_group &) = delete;
	memory_group &operator=(const memory_group &) = delete;

	void join(pid_t process) const;
	/* Lets a child go on from the step "started" as a member. */
	void take_in(child &newcomer) const;
	/* Writes to memory.ksm_domain: 0 or an errno. */
	int set_domain(const std::string &value) const;
	std::string domain() const;
	/* Removes it; false if that cannot be done. Nothing else can be done with it then. */
	bool remove();
	/* Asks for so many bytes; what could not be had is no error. */
	void reclaim(std::size_t bytes) const;
	/*
	 * Reclaims until these pages of a process are out, or it is plain that they will
	 * not go; tells how many are.
	 */
	std::size_t push_out(const page_range &memory) const;
	/*
	 * The group may take so many bytes beyond what it has, and swap none out. On each
	 * CPU that its processes ran on, up to 64 pages more may be charged to it already.
	 */
	void leave_room(std::size_t bytes) const;
	/* Halves what the group has: the rest goes to swap, and so does what it takes later. */
	void swap_half() const;
	void no_limit() const;
	/* What is charged to it; each CPU may have charged up to 64 pages in advance. */
	long current_bytes() const;
	/* A line of memory.stat; throws if there is none. */
	long stat(const std::string &name) const;
	/* No more than so many processes and threads; false if that cannot be had. */
	bool limit_tasks(std::size_t most) const;

private:
	void make() const;

	std::string directory_;
};

} /* namespace ksm */
