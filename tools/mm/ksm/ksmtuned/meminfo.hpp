/* SPDX-License-Identifier: GPL-2.0 */
/* Memory of the machine, in kB as the kernel gives it. */
#pragma once

#include <cstdint>
#include <filesystem>

namespace ksm::tuned
{

struct meminfo {
	std::int64_t total;
	std::int64_t free; /* MemFree, Buffers and Cached together */
};

/* Throws ksm::error if there is no meminfo below @proc, or nothing of it makes sense. */
meminfo read_meminfo(const std::filesystem::path &proc);

} /* namespace ksm::tuned */
