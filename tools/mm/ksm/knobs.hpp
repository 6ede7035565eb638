/* SPDX-License-Identifier: GPL-2.0 */
/* KSM's files, of which some or all may be missing or hidden. */
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/sysfs.hpp"

namespace ksm
{

/* What a file says: "none [scan-time]" is the value scan-time of two choices. */
struct knob_value {
	std::string value;
	std::vector<std::string> choices; /* none where it is not one of some words */
};

struct knob_file {
	std::string name;
	std::optional<knob_value> content; /* nothing where we may not read it */
	bool knob;			   /* and not a counter */
};

class knobs
{
public:
	explicit knobs(const std::string &path) : dir_(path) {}
	virtual ~knobs() = default;

	/* False where the kernel has no KSM, or a container hides it. */
	bool exist() const { return dir_.exists(); }
	const std::string &path() const { return dir_.path(); }

	bool has(const std::string &name) const { return dir_.has(name); }
	bool writable(const std::string &name) const { return dir_.writable(name); }

	/* Sorted by name. */
	std::vector<knob_file> all() const;
	std::vector<std::string> knob_names() const;

	/* Nothing where there is no such file, or we may not read it. */
	std::optional<knob_value> content(const std::string &name) const;
	std::optional<std::int64_t> number(const std::string &name) const;

	/* 0, or the errno with which an attempt to write the file would fail at once. */
	virtual int refuses(const std::string &name) const;

	/* 0 or an errno, when the kernel has done it; that of "run" may take long. */
	virtual int write(const std::string &name, const std::string &value) const;

private:
	sysfs_dir dir_;
};

knob_value parse_knob(const std::string &text);

} /* namespace ksm */
