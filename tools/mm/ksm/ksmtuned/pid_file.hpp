/* SPDX-License-Identifier: GPL-2.0 */
/* The file by which others find the daemon, and by which a second one finds the first. */
#pragma once

#include <string>

#include <sys/types.h>

namespace ksm::tuned
{

class pid_file
{
public:
	/* Throws ksm::error if it cannot be written, or another daemon runs. */
	explicit pid_file(const std::string &path);

	/* Removes it. */
	~pid_file();

	pid_file(const pid_file &) = delete;
	pid_file &operator=(const pid_file &) = delete;

	void write(pid_t pid);

private:
	bool lock_it();

	std::string path_;
	int fd_ = -1;
};

} /* namespace ksm::tuned */
