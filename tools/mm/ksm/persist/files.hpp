/* SPDX-License-Identifier: GPL-2.0 */
/* Configuration files below a root directory, which is that of this machine or of an image. */
#pragma once

#include <string>

namespace ksm
{

class config_root
{
public:
	/* Throws ksm::error if there is no such directory. */
	explicit config_root(std::string dir);

	/* "/etc/x" below the root. */
	std::string path(const std::string &file) const;
	bool has(const std::string &file) const;

	/* Readers see the old text or the new one. Throws ksm::error. */
	void write(const std::string &file, const std::string &text) const;

	/* False if there was no such file. */
	bool remove(const std::string &file) const;

	void remove_if_empty(const std::string &dir) const;

private:
	std::string dir_; /* empty for / */
};

} /* namespace ksm */
