// SPDX-License-Identifier: GPL-2.0
#include "advise/running_process.hpp"

#include <cerrno>
#include <cstring>

#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "error.hpp"
#include "format.hpp"

namespace ksm
{

running_process::running_process(const std::string &pid)
	: fd_(int(syscall(SYS_pidfd_open, std::stoi(pid), 0)))
{
	const int err = fd_ < 0 ? errno : 0;

	if (!err || err == ESRCH)
		return;
	if (err == EINVAL || err == ENOENT)
		throw error(
			fmt::format("{} is a thread of a process", pid),
			fmt::format("give the PID of the process: Tgid in /proc/{}/status", pid));
	throw error(fmt::format("cannot get hold of process {}: {}", pid, std::strerror(err)),
		    err == ENOSYS
			    ? "it takes Linux 5.10 or later"
			    : "choose fewer processes, or allow more open files by ulimit -n");
}

running_process::~running_process()
{
	if (fd_ >= 0)
		close(fd_);
}

bool running_process::ended() const
{
	pollfd end = {fd_, POLLIN, 0};

	return fd_ < 0 || poll(&end, 1, 0) > 0;
}

long running_process::advise(std::span<const iovec> pieces, advice advice) const
{
	const long done = syscall(SYS_process_madvise, fd_, pieces.data(), pieces.size(),
				  advice == advice::offer ? MADV_MERGEABLE : MADV_UNMERGEABLE, 0);

	return done < 0 ? -errno : done;
}

} /* namespace ksm */
