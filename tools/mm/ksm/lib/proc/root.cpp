// SPDX-License-Identifier: GPL-2.0
#include "lib/proc/root.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "error.hpp"
#include "format.hpp"

namespace ksm
{
namespace
{

constexpr const char *proc = "/proc";

/* In which we remain who we are, and may mount. */
bool enter_user_namespace()
{
	const auto user = geteuid(), group = getegid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return false;
	std::ofstream("/proc/self/setgroups") << "deny";
	std::ofstream("/proc/self/uid_map") << fmt::format("{0} {0} 1", user);
	std::ofstream("/proc/self/gid_map") << fmt::format("{0} {0} 1", group);
	return true;
}

bool enter_mount_namespace()
{
	return !unshare(CLONE_NEWNS) || (errno == EPERM && enter_user_namespace());
}

} /* namespace */

void see_as_proc(const std::string &dir)
{
	std::error_code ec;

	if (!std::filesystem::is_directory(dir, ec))
		throw error(fmt::format("{} is no directory of processes", dir),
			    "leave out --proc, or give one such as /host/proc");
	if (std::filesystem::equivalent(dir, proc, ec))
		return;
	if (!enter_mount_namespace() ||
	    mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) ||
	    mount(dir.c_str(), proc, nullptr, MS_BIND | MS_REC, nullptr))
		throw error(
			fmt::format("cannot look at {} as /proc: {}", dir, std::strerror(errno)),
			"run as root, and in a container with the right to mount "
			"(CAP_SYS_ADMIN)");
}

} /* namespace ksm */
