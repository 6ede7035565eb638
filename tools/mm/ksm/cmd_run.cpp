// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"

#include <cerrno>
#include <cstring>

#include <unistd.h>

#include "error.hpp"
#include "format.hpp"
#include "opt_in.hpp"
#include "output.hpp"

namespace ksm
{
namespace
{

/* Says nothing where that cannot be seen: the program runs all the same. */
void note_if_stopped(const knobs &knobs)
{
	const auto run = knobs.number("run");

	if (run && *run != 1)
		say("ksmd is stopped, nothing merges until 'ksmctl start'");
}

} /* namespace */

int run(const knobs &knobs, const std::vector<std::string> &command)
{
	note_if_stopped(knobs);

	/* Kept over the exec, and handed on to every child. */
	if (const int err = opt_in())
		throw error(fmt::format("cannot make memory mergeable: {}", std::strerror(err)),
			    err == EINVAL ? "it takes Linux 6.4 or later with CONFIG_KSM=y"
					  : "free some memory and try again",
			    exit_status::run_failure);

	std::vector<char *> argv;
	for (const std::string &word : command)
		argv.push_back(const_cast<char *>(word.c_str()));
	argv.push_back(nullptr);
	execvp(argv[0], argv.data());

	const int err = errno;
	throw error(fmt::format("cannot start '{}': {}", command[0], std::strerror(err)),
		    err == ENOENT ? "check its name, or give its full path"
				  : "check that it is an executable file for this machine",
		    err == ENOENT ? exit_status::not_found : exit_status::not_executable);
}

} /* namespace ksm */
