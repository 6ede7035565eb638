/* SPDX-License-Identifier: GPL-2.0 */
/* A directory that looks like /proc, in one with other files that tests need. */
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/fake_sysfs.hpp"

namespace ksm
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

class fake_proc : public fake_sysfs
{
protected:
	fake_proc();
	~fake_proc() override;

	const std::string &root() const { return root_; }
	std::string proc(const std::string &name = "") const;

	/* With what a file below the root holds. */
	void put_file(const std::string &name, const std::string &text) const;
	std::string file(const std::string &name) const;

	void add_process(int pid, const fake_process &process) const;
	void end_process(int pid) const;

private:
	std::string root_;
};

} /* namespace ksm */
