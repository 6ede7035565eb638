// SPDX-License-Identifier: GPL-2.0
#include "lib/replace_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ksm
{
namespace
{

int fill(int fd, const std::string &text, mode_t mode)
{
	for (std::size_t at = 0; at < text.size();) {
		const ssize_t put = write(fd, text.data() + at, text.size() - at);

		if (put < 0 && errno != EINTR)
			return errno;
		at += put < 0 ? 0 : std::size_t(put);
	}
	return fchmod(fd, mode) ? errno : 0;
}

} /* namespace */

int replace_file(const std::string &path, const std::string &text, mode_t mode)
{
	/* In the same directory, under a name that node_exporter does not read: not *.prom. */
	std::string temporary = path + ".XXXXXX";
	const int fd = mkostemp(temporary.data(), O_CLOEXEC);

	if (fd < 0)
		return errno;
	int err = fill(fd, text, mode);
	if (close(fd) && !err)
		err = errno;
	if (!err && std::rename(temporary.c_str(), path.c_str()))
		err = errno;
	if (err)
		unlink(temporary.c_str());
	return err;
}

} /* namespace ksm */
