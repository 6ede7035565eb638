/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <map>
#include <string>

#include <sys/types.h>

/* Allocations that fail because a test says so: CONFIG_FAULT_INJECTION. */
namespace ksm
{

/* Empty if allocations can be made to fail, else what is missing. */
std::string why_no_faults();

/*
 * While this lives, allocations of this thread may be made to fail one by one: the
 * n-th from arm(n) on, of slab objects and of pages alike. Nothing else is touched.
 */
class nth_failure
{
public:
	nth_failure();
	~nth_failure();
	nth_failure(const nth_failure &) = delete;
	nth_failure &operator=(const nth_failure &) = delete;

	void arm(unsigned n) const;
	/* No further failure; tells if one has happened since arm(). */
	bool disarm() const;

private:
	int fd_;
	std::map<std::string, std::string> before_;
};

/* While this lives, so many percent of a task's slab allocations fail. */
class slab_failures
{
public:
	slab_failures(pid_t task, unsigned percent);
	~slab_failures();
	slab_failures(const slab_failures &) = delete;
	slab_failures &operator=(const slab_failures &) = delete;

private:
	std::string task_;
	std::map<std::string, std::string> before_;
};

} /* namespace ksm */
