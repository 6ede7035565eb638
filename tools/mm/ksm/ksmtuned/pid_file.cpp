// SPDX-License-Identifier: GPL-2.0
#include "ksmtuned/pid_file.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.hpp"
#include "format.hpp"
#include "lib/sysfs.hpp"

namespace ksm::tuned
{
namespace
{

error cannot(const std::string &path, int err)
{
	return error(fmt::format("cannot write {}: {}", path, std::strerror(err)),
		     "run as root, or set PIDFILE to a file that can be written");
}

error already_running(const std::string &path)
{
	std::string pid;

	try {
		pid = read_text(path);
	} catch (const std::system_error &) {
		/* It has just ended; the text does not need the number. */
	}
	return error(fmt::format("ksmtuned runs already{}", pid.empty() ? "" : ", as " + pid),
		     fmt::format("to retune at once: kill -USR1 $(cat {}); to have it read its "
				 "configuration again: kill -HUP",
				 path));
}

} /* namespace */

pid_file::pid_file(const std::string &path) : path_(path)
{
	/* Whoever held the lock may have removed the file since we opened it: once more then. */
	while (!lock_it())
		close(fd_);
	/* Until ours is known, nobody shall signal what has the number of a daemon before us. */
	if (ftruncate(fd_, 0))
		throw cannot(path_, errno);
}

bool pid_file::lock_it()
{
	struct stat ours, there;

	fd_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd_ < 0)
		throw cannot(path_, errno);
	if (flock(fd_, LOCK_EX | LOCK_NB)) {
		const int err = errno;

		close(fd_);
		throw err == EWOULDBLOCK ? already_running(path_) : cannot(path_, err);
	}
	return !fstat(fd_, &ours) && !stat(path_.c_str(), &there) && ours.st_dev == there.st_dev &&
	       ours.st_ino == there.st_ino;
}

pid_file::~pid_file()
{
	unlink(path_.c_str());
	close(fd_);
}

void pid_file::write(pid_t pid)
{
	const std::string text = fmt::format("{}\n", pid);

	if (pwrite(fd_, text.data(), text.size(), 0) != ssize_t(text.size()))
		throw cannot(path_, errno);
}

} /* namespace ksm::tuned */
