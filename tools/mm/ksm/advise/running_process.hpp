/* SPDX-License-Identifier: GPL-2.0 */
/* A process that the kernel is asked about, and no other that gets its PID after it. */
#pragma once

#include <span>
#include <string>

#include <sys/uio.h>

#include "advise/pieces.hpp"

namespace ksm
{

class running_process
{
public:
	/* Throws ksm::error if it is a thread, or the kernel is too old. */
	explicit running_process(const std::string &pid);
	~running_process();
	running_process(const running_process &) = delete;
	running_process &operator=(const running_process &) = delete;

	bool ended() const;

	/* As process_madvise(2): how many bytes are done, or an errno, as a negative number. */
	long advise(std::span<const iovec> pieces, advice advice) const;

private:
	int fd_; /* -1 if it has ended before */
};

} /* namespace ksm */
