/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A directory that looks like /proc, in one with other files that tests need. During the test
 * it is seen as /proc. Tests are skipped where that takes more rights than there are.
 */
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
	std::string smaps = "";
};

fake_process qemu(const std::string &name, std::int64_t resident_kb);

struct fake_mapping {
	std::string range; /* "1000-3000" */
	std::string permissions = "rw-p";
	std::string flags = "rd wr mr mw me ac";
	std::string name = "";
	std::int64_t resident_kb = 0;
	std::int64_t anonymous_kb = 0;
	std::int64_t huge_kb = 0;
	std::int64_t hugetlb_kb = 0;
	std::int64_t swapped_kb = 0;
};

/* As smaps shows it. */
std::string smaps_of(const std::vector<fake_mapping> &mappings);

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

	/* Of the real /proc: what a link says, and how many entries a directory has. */
	std::string real_link(const std::string &name) const;
	std::size_t real_entries(const std::string &name) const;

	void add_process(int pid, const fake_process &process) const;
	void end_process(int pid) const;

	/* Below the root there is a directory cgroup, with this in it. */
	void mark_domain(const std::string &cgroup, const std::string &value = "1") const;

private:
	void mount();

	std::string root_;
	int real_; /* the real /proc */
};

} /* namespace ksm */
