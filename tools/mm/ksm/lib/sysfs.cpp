// SPDX-License-Identifier: GPL-2.0
#include "lib/sysfs.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace ksm
{

std::string read_text(const std::string &path)
{
	int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
	std::string text;
	char buffer[4096];
	ssize_t got;

	if (fd < 0)
		throw std::system_error(errno, std::generic_category(), path);
	while ((got = read(fd, buffer, sizeof(buffer))) > 0)
		text.append(buffer, std::size_t(got));
	int err = errno;

	close(fd);
	if (got < 0)
		throw std::system_error(err, std::generic_category(), path);
	if (!text.empty() && text.back() == '\n')
		text.pop_back();
	return text;
}

int write_text(const std::string &path, const std::string &text)
{
	int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	ssize_t put = write(fd, text.data(), text.size());
	int err = put < 0 ? errno : 0;

	close(fd);
	if (!err && std::size_t(put) != text.size())
		return EIO;
	return err;
}

std::optional<std::int64_t> number_in(std::string_view text)
{
	const char *end = text.data() + text.size();
	std::int64_t number = 0;
	const auto [at, ec] = std::from_chars(text.data(), end, number);

	if (ec != std::errc() || at != end)
		return std::nullopt;
	return number;
}

bool sysfs_dir::exists() const
{
	std::error_code ec;

	return fs::is_directory(path_, ec);
}

bool sysfs_dir::has(const std::string &name) const
{
	std::error_code ec;

	return !name.empty() && name.front() != '.' && name.find('/') == name.npos &&
	       fs::is_regular_file(path(name), ec);
}

bool sysfs_dir::writable(const std::string &name) const
{
	struct stat info;

	return !stat(path(name).c_str(), &info) && (info.st_mode & S_IWUSR);
}

std::vector<std::string> sysfs_dir::names() const
{
	std::vector<std::string> all;
	std::error_code ec;

	for (const auto &entry : fs::directory_iterator(path_, ec)) {
		std::error_code hidden;

		if (entry.is_regular_file(hidden))
			all.push_back(entry.path().filename());
	}
	std::ranges::sort(all);
	return all;
}

} /* namespace ksm */
