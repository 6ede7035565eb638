/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel thread ksmd, and the CPU time that it has used. */
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>

namespace ksm
{

class ksmd
{
public:
	explicit ksmd(const std::filesystem::path &proc = "/proc");

	/* Nothing where ksmd cannot be seen: in a container, say. */
	std::optional<std::chrono::nanoseconds> cpu_time() const;

private:
	std::filesystem::path dir_;
};

} /* namespace ksm */
