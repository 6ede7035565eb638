/* SPDX-License-Identifier: GPL-2.0 */
/* Whom the kernel would kill first if memory ran out. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ksm
{

struct victim {
	std::int64_t score; /* as in its oom_score */
	std::string name;
	std::string pid;
	std::int64_t resident_bytes;
};

/* The first @most of them; those that the kernel spares, and we, are not among them. */
std::vector<victim> first_victims(const std::filesystem::path &proc, std::size_t most);

} /* namespace ksm */
