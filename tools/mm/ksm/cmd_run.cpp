// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"

#include <cerrno>
#include <cstring>

#include <sys/prctl.h>
#include <unistd.h>

#include "error.hpp"
#include "format.hpp"

/* Older than the kernel that we serve: Debian 12's libc headers. */
#ifndef PR_SET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE 67
#endif

namespace ksm
{
namespace
{

void note_if_stopped(const std::string &sysfs_dir)
{
	if (knobs(sysfs_dir).text("run") != "1")
		fmt::print(stderr, "ksmctl: ksmd is stopped, nothing merges until "
				   "'ksmctl set run 1'\n");
}

} /* namespace */

int run(const std::string &sysfs_dir, const std::vector<std::string> &command)
{
	note_if_stopped(sysfs_dir);

	/* Kept over the exec, and handed on to every child. */
	if (prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)) {
		const int err = errno;

		throw error(fmt::format("cannot make memory mergeable: {}", std::strerror(err)),
			    err == EINVAL ? "it takes Linux 6.4 or later with CONFIG_KSM=y"
					  : "free some memory and try again");
	}

	std::vector<char *> argv;
	for (const std::string &word : command)
		argv.push_back(const_cast<char *>(word.c_str()));
	argv.push_back(nullptr);
	execvp(argv[0], argv.data());

	const int err = errno;
	throw error(fmt::format("cannot start '{}': {}", command[0], std::strerror(err)),
		    err == ENOENT ? "check its name, or give its full path"
				  : "check that it is an executable file for this machine");
}

} /* namespace ksm */
