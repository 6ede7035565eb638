/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads and writes KSM's files in sysfs, and any other file that holds one short text.
 * Shared by ksmctl and the selftests, which add what they make of a failure.
 */
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ksm
{

/* Returns the text without its last newline; throws std::system_error if unreadable. */
std::string read_text(const std::string &path);

/* Writes the text in one call; returns 0, or the errno of open or write. */
int write_text(const std::string &path, const std::string &text);

/* Returns the decimal number that the text consists of, nothing if it is another text. */
std::optional<std::int64_t> number_in(std::string_view text);

/* A directory of such files; that of KSM, unless told otherwise. */
class sysfs_dir
{
public:
	explicit sysfs_dir(std::string path = "/sys/kernel/mm/ksm") : path_(std::move(path)) {}

	const std::string &path() const { return path_; }
	std::string path(const std::string &name) const { return path_ + "/" + name; }

	bool exists() const;

	/* False for a name that leads out of the directory. */
	bool has(const std::string &name) const;

	/* True if the file's mode lets its owner write; root could open any file. */
	bool writable(const std::string &name) const;

	/* Both as read_text() and write_text(). */
	std::string text(const std::string &name) const { return read_text(path(name)); }
	int write(const std::string &name, const std::string &text) const
	{
		return write_text(path(name), text);
	}

	/* Of every file, sorted; none where the directory is hidden. */
	std::vector<std::string> names() const;

private:
	std::string path_;
};

} /* namespace ksm */
