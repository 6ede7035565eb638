// SPDX-License-Identifier: GPL-2.0
#include "persist/files.hpp"

#include <cstring>
#include <filesystem>

#include <unistd.h>

#include "error.hpp"
#include "format.hpp"
#include "lib/replace_file.hpp"

namespace fs = std::filesystem;

namespace ksm
{
namespace
{

error failure(const char *what, const std::string &path, const std::string &why)
{
	return error(fmt::format("cannot {} {}: {}", what, path, why),
		     "only root may, and /etc must not be read-only");
}

} /* namespace */

config_root::config_root(std::string dir) : dir_(std::move(dir))
{
	std::error_code ec;

	if (!fs::is_directory(dir_, ec))
		throw error(fmt::format("there is no directory {}", dir_),
			    "give the root directory of a system by --root");
	while (dir_.ends_with('/'))
		dir_.pop_back();
}

std::string config_root::path(const std::string &file) const
{
	return dir_ + file;
}

bool config_root::has(const std::string &file) const
{
	std::error_code ec;

	/* A link that leads nowhere from here may do so in the image. */
	return fs::exists(fs::symlink_status(path(file), ec));
}

void config_root::write(const std::string &file, const std::string &text) const
{
	const fs::path whole = path(file);
	std::error_code ec;

	fs::create_directories(whole.parent_path(), ec);
	if (ec)
		throw failure("make", whole.parent_path(), ec.message());
	if (const int err = replace_file(whole, text, 0644))
		throw failure("write", whole, std::strerror(err));
}

bool config_root::remove(const std::string &file) const
{
	const fs::path whole = path(file);
	std::error_code ec;
	const bool removed = fs::remove(whole, ec);

	if (ec)
		throw failure("remove", whole, ec.message());
	return removed;
}

void config_root::remove_if_empty(const std::string &dir) const
{
	rmdir(path(dir).c_str());
}

} /* namespace ksm */
