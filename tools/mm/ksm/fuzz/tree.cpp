// SPDX-License-Identifier: GPL-2.0
#include "fuzz/tree.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace fs = std::filesystem;

namespace ksm
{
namespace
{

constexpr const char *files[] = {
	"sysfs/run",	       "sysfs/advisor_mode",   "sysfs/pages_shared",
	"sysfs/pages_sharing", "sysfs/ksm_zero_pages", "sysfs/general_profit",
	"proc/meminfo",	       "proc/vmstat",	       "proc/self/mountinfo",
	"proc/1/cgroup",       "proc/1/cmdline",       "proc/1/comm",
	"proc/1/ksm_stat",     "proc/1/oom_score",     "proc/1/smaps",
	"proc/1/smaps_rollup", "proc/1/schedstat"};

} /* namespace */

/* Links to one file, which is all that is written for each text. */
fuzzed_tree::fuzzed_tree(std::string_view text)
{
	std::string name = fs::temp_directory_path() / "ksmctl-fuzz-XXXXXX";

	root_ = mkdtemp(name.data());
	for (const char *file : files) {
		const fs::path path = fs::path(root_) / file;

		fs::create_directories(path.parent_path());
		fs::create_symlink(root_ + "/text", path);
	}
	fs::create_directories(fs::path(root_) / "proc/1/fd");
	fs::create_symlink("anon_inode:kvm-vm", fs::path(root_) / "proc/1/fd/3");
	/* What only the kernel writes into, and libproc2 reads. */
	std::ofstream(root_ + "/proc/1/stat") << "1 (x) S 1\n";
	std::ofstream(root_ + "/proc/1/status") << "Name:\tx\nVmRSS:\t8 kB\n";
	fill(text);
}

fuzzed_tree::~fuzzed_tree()
{
	fs::remove_all(root_);
}

void fuzzed_tree::fill(std::string_view text) const
{
	std::ofstream(root_ + "/text") << text;
}

} /* namespace ksm */
