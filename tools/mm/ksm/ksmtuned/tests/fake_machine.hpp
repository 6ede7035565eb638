/* SPDX-License-Identifier: GPL-2.0 */
/* Directories that look like /proc and /sys/kernel/mm/ksm of a machine with virtual machines. */
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "knobs.hpp"
#include "tests/fake_proc.hpp"

namespace ksm::tuned
{

/* Refuses writes as the kernel does. */
class kernel_knobs : public knobs
{
public:
	using knobs::knobs;

	int write(const std::string &name, const std::string &value) const override;

	std::map<std::string, int> refused;
	mutable std::vector<std::string> written; /* "run=1", in this order */
};

class fake_machine : public fake_proc
{
protected:
	fake_machine();

	void memory(std::int64_t total_kb, std::int64_t free_kb) const;
};

} /* namespace ksm::tuned */
