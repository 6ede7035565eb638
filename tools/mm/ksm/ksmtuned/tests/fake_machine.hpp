/* SPDX-License-Identifier: GPL-2.0 */
/* Directories that look like /proc and /sys/kernel/mm/ksm of a machine with virtual machines. */
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "knobs.hpp"
#include "ksmtuned/journal.hpp"
#include "tests/fake_sysfs.hpp"

namespace ksm::tuned
{

struct fake_process {
	std::vector<std::string> arguments;
	std::int64_t resident_kb = 1000;
	std::int64_t proportional_kb = 500;
	std::vector<std::string> files = {"/dev/null"};
	std::string cgroup = "0::/system.slice/some.service\n";
	std::string ksm_stat = "ksm_rmap_items 0\nksm_zero_pages 0\nksm_merging_pages 0\n"
			       "ksm_process_profit 0\nksm_merge_any: no\nksm_mergeable: no\n";
};

fake_process qemu(const std::string &name, std::int64_t resident_kb);

/* Refuses writes as the kernel does. */
class kernel_knobs : public knobs
{
public:
	using knobs::knobs;

	int write(const std::string &name, const std::string &value) const override;

	std::map<std::string, int> refused;
	mutable std::vector<std::string> written; /* "run=1", in this order */
};

class fake_machine : public fake_sysfs
{
protected:
	fake_machine();
	~fake_machine() override;

	const std::string &root() const { return root_; }
	std::string proc(const std::string &name = "") const;

	/* With what a file below the root holds. */
	void put_file(const std::string &name, const std::string &text) const;
	std::string file(const std::string &name) const;

	void memory(std::int64_t total_kb, std::int64_t free_kb) const;
	void add_process(int pid, const fake_process &process) const;
	void end_process(int pid) const;

private:
	std::string root_;
};

} /* namespace ksm::tuned */
