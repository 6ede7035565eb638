// SPDX-License-Identifier: GPL-2.0
#include "ksmtuned/background.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "error.hpp"
#include "format.hpp"

namespace ksm::tuned
{

background::background()
{
	int pipe[2];

	if (pipe2(pipe, O_CLOEXEC))
		throw error(fmt::format("no pipe: {}", std::strerror(errno)),
			    "run it with --foreground");
	const pid_t child = fork();
	if (child < 0)
		throw error(fmt::format("cannot fork: {}", std::strerror(errno)),
			    "run it with --foreground");
	if (child) {
		char byte;

		close(pipe[1]);
		_exit(read(pipe[0], &byte, 1) == 1 ? 0 : exit_status::failure);
	}
	close(pipe[0]);
	told_ = pipe[1];
	setsid();
	/* No directory is kept from being unmounted, and no terminal is read. */
	if (chdir("/") || !std::freopen("/dev/null", "r", stdin))
		throw error(fmt::format("cannot let go of the terminal: {}", std::strerror(errno)),
			    "run it with --foreground");
}

void background::ready()
{
	/* A parent that has been killed needs no answer. */
	if (write(told_, "", 1) < 0)
		return;
}

} /* namespace ksm::tuned */
