/* SPDX-License-Identifier: GPL-2.0 */
/* KSM's knobs and counters, with errors that say what to do about them. */
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/sysfs.hpp"

namespace ksm
{

class knobs
{
public:
	/* Throws if the directory is not there: a kernel without KSM. */
	explicit knobs(const std::string &path);

	/* Every file, sorted by name. */
	std::vector<sysfs_file> all() const;

	std::string text(const std::string &name) const;
	std::int64_t number(const std::string &name) const;

	/* For files that not every kernel has. */
	std::optional<std::int64_t> number_if_there(const std::string &name) const;

	/* Returns when the kernel has done it; "run" may take long. */
	void write(const std::string &name, const std::string &value) const;

private:
	void must_have(const std::string &name) const;

	sysfs_dir dir_;
};

} /* namespace ksm */
