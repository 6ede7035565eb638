/* SPDX-License-Identifier: GPL-2.0 */
/* The files of /sys/kernel/mm/ksm: reading, listing, writing. */
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ksm
{

struct knob {
	std::string name;
	std::string value;
	bool writable;
};

class knobs
{
public:
	/* Throws if @dir is not there: a kernel without KSM. */
	explicit knobs(std::filesystem::path dir);

	/* Every file, sorted by name. */
	std::vector<knob> all() const;

	std::string text(std::string_view name) const;
	std::int64_t number(std::string_view name) const;

	/* For files that not every kernel has. */
	std::optional<std::int64_t> number_if_there(std::string_view name) const;

	/* Returns when the kernel has done it; "run" may take long. */
	void write(std::string_view name, std::string_view value) const;

private:
	std::filesystem::path path(std::string_view name) const;

	std::filesystem::path dir_;
};

} /* namespace ksm */
