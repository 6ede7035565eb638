// SPDX-License-Identifier: GPL-2.0
#include "support/faults.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/sysfs.hpp"

namespace ksm
{

namespace
{

const std::string slab = "/sys/kernel/debug/failslab/";
const std::string pages = "/sys/kernel/debug/fail_page_alloc/";

void must_write(const std::string &path, const std::string &text)
{
	int err = write_text(path, text);

	if (err)
		throw std::system_error(err, std::generic_category(), path);
}

/* Changes a file, and keeps what was there before. */
void change(std::map<std::string, std::string> &before, const std::string &path,
	    const std::string &text)
{
	before[path] = read_text(path);
	must_write(path, text);
}

void put_back(const std::map<std::string, std::string> &before)
{
	for (const auto &[path, text] : before)
		write_text(path, text);
}

/* Allocations that may sleep fail as well, and in silence. */
void change_slab(std::map<std::string, std::string> &before)
{
	change(before, slab + "ignore-gfp-wait", "N");
	change(before, slab + "cache-filter", "N");
	change(before, slab + "verbose", "0");
}

void change_pages(std::map<std::string, std::string> &before)
{
	change(before, pages + "ignore-gfp-wait", "N");
	change(before, pages + "ignore-gfp-highmem", "N");
	change(before, pages + "min-order", "0");
	change(before, pages + "verbose", "0");
}

} /* namespace */

std::string why_no_faults()
{
	if (access((slab + "probability").c_str(), F_OK) ||
	    access((pages + "probability").c_str(), F_OK))
		return "this kernel has no failslab and fail_page_alloc in debugfs";
	if (access("/proc/self/fail-nth", F_OK))
		return "this kernel has no /proc/self/fail-nth";
	return "";
}

nth_failure::nth_failure()
	: fd_(open(("/proc/self/task/" + std::to_string(syscall(SYS_gettid)) + "/fail-nth").c_str(),
		   O_RDWR | O_CLOEXEC))
{
	if (fd_ < 0)
		throw std::system_error(errno, std::generic_category(), "fail-nth");
	change_slab(before_);
	change_pages(before_);
}

nth_failure::~nth_failure()
{
	disarm();
	close(fd_);
	put_back(before_);
}

void nth_failure::arm(unsigned n) const
{
	std::string text = std::to_string(n);

	if (pwrite(fd_, text.data(), text.size(), 0) != ssize_t(text.size()))
		throw std::system_error(errno, std::generic_category(), "fail-nth");
}

bool nth_failure::disarm() const
{
	char left[16] = {};
	bool happened = pread(fd_, left, sizeof(left) - 1, 0) > 0 && left[0] == '0';

	return pwrite(fd_, "0", 1, 0) == 1 && happened;
}

task_failures::task_failures(const std::string &place, void (*which)(changed &), pid_t task,
			     unsigned percent)
	: place_(place), task_("/proc/" + std::to_string(task) + "/make-it-fail")
{
	which(before_);
	change(before_, place + "task-filter", "Y");
	change(before_, place + "times", "-1");
	change(before_, place + "interval", "1");
	must_write(task_, "1");
	change(before_, place + "probability", std::to_string(percent));
}

task_failures::~task_failures()
{
	write_text(place_ + "probability", before_[place_ + "probability"]);
	write_text(task_, "0");
	put_back(before_);
}

slab_failures::slab_failures(pid_t task, unsigned percent)
	: task_failures(slab, change_slab, task, percent)
{
}

page_failures::page_failures(pid_t task, unsigned percent)
	: task_failures(pages, change_pages, task, percent)
{
}

} /* namespace ksm */
