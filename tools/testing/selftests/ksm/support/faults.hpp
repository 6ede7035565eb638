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

/* While this lives, so many percent of a task's allocations of one kind fail. */
class task_failures
{
public:
	~task_failures();
	task_failures(const task_failures &) = delete;
	task_failures &operator=(const task_failures &) = delete;

protected:
	using changed = std::map<std::string, std::string>;

	task_failures(const std::string &place, void (*which)(changed &), pid_t task,
		      unsigned percent);

private:
	std::string place_, task_;
	changed before_;
};

class slab_failures : public task_failures
{
public:
	slab_failures(pid_t task, unsigned percent);
};

class page_failures : public task_failures
{
public:
	page_failures(pid_t task, unsigned percent);
};

} /* namespace ksm */
