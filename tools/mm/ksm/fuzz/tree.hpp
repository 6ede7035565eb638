/* SPDX-License-Identifier: GPL-2.0 */
/* Directories that look like /sys/kernel/mm/ksm and /proc, each file with the same text. */
#pragma once

#include <string>
#include <string_view>

namespace ksm
{

class fuzzed_tree
{
public:
	explicit fuzzed_tree(std::string_view text);
	~fuzzed_tree();

	fuzzed_tree(const fuzzed_tree &) = delete;
	fuzzed_tree &operator=(const fuzzed_tree &) = delete;

	void fill(std::string_view text) const;

	std::string sysfs() const { return root_ + "/sysfs"; }
	std::string proc() const { return root_ + "/proc"; }

private:
	std::string root_;
};

} /* namespace ksm */
