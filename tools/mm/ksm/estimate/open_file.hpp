/* SPDX-License-Identifier: GPL-2.0 */
/* A file that is open for reading. */
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace ksm
{

class open_file
{
public:
	/* Throws std::system_error if it may not be opened. */
	explicit open_file(const std::string &path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC))
	{
		if (fd_ < 0)
			throw std::system_error(errno, std::generic_category(), path);
	}
	~open_file()
	{
		if (fd_ >= 0)
			close(fd_);
	}
	open_file(open_file &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
	open_file &operator=(open_file &&) = delete;

	int descriptor() const { return fd_; }

	/* How many bytes could be read; none where there is nothing that can be. */
	std::size_t read_at(std::uint64_t place, void *bytes, std::size_t size) const
	{
		const ssize_t got = pread(fd_, bytes, size, off_t(place));

		return got < 0 ? 0 : std::size_t(got);
	}

private:
	int fd_;
};

} /* namespace ksm */
