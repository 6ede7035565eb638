// SPDX-License-Identifier: GPL-2.0
#include "tests/fake_sysfs.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "lib/sysfs.hpp"

namespace fs = std::filesystem;

namespace ksm
{

fake_sysfs::fake_sysfs()
{
	std::string name = fs::temp_directory_path() / "ksmctl-XXXXXX";

	dir_ = mkdtemp(name.data());
	chmod(dir_.c_str(), 0755);

	knob("run", "1");
	knob("pages_to_scan", "100");
	knob("sleep_millisecs", "20");
	knob("merge_across_nodes", "1");
	knob("max_page_sharing", "256");
	knob("use_zero_pages", "0");
	knob("smart_scan", "1");
	knob("stable_node_chains_prune_millisecs", "2000");
	knob("advisor_mode", "[none] scan-time");
	knob("advisor_max_cpu", "70");
	knob("advisor_min_pages_to_scan", "500");
	knob("advisor_max_pages_to_scan", "30000");
	knob("advisor_target_scan_time", "200");
	knob("thp_split_threshold", "1");
	knob("fingerprint", "[auto] crc32c xxhash");
	knob("domain_mode", "[cgroup] cgroup+user");
	knob("restrict_counters", "0");
	knob("uniform_faults", "0");
	knob("pressure_boost", "1");
	counter("pages_shared", "100000");
	counter("pages_sharing", "299950");
	counter("pages_unshared", "5000");
	counter("pages_volatile", "12");
	counter("pages_unslotted", "0");
	counter("pages_uniform", "0");
	counter("pressure_runs", "0");
	counter("pressure_pages_freed", "0");
	counter("pages_scanned", "18446744073709551615");
	counter("pages_skipped", "1");
	counter("ksm_zero_pages", "50");
	counter("full_scans", "7");
	counter("full_scan_msecs", "1300");
	counter("stable_node_chains", "0");
	counter("stable_node_dups", "0");
	counter("chains_prune_miss_ratio", "0");
	counter("metadata_bytes", "20000000");
	counter("general_profit", "1208800000");
	put("domain_pending", "0", 0);
	put("stable_tree_levels", "17", 0);
	put("unstable_tree_levels", "17", 0);
}

fake_sysfs::~fake_sysfs()
{
	fs::remove_all(dir_);
}

std::string fake_sysfs::path(const std::string &name) const
{
	return name.empty() ? dir_ : dir_ + "/" + name;
}

std::string fake_sysfs::text(const std::string &name) const
{
	return read_text(path(name));
}

void fake_sysfs::put(const std::string &name, const std::string &text, mode_t mode)
{
	remove(name);
	std::ofstream(path(name)) << text << "\n";
	chmod(path(name).c_str(), mode);
}

void fake_sysfs::remove(const std::string &name)
{
	fs::remove(path(name));
}

void fake_sysfs::clear()
{
	for (const auto &entry : fs::directory_iterator(dir_))
		fs::remove(entry.path());
}

void fake_sysfs::make_old()
{
	clear();
	knob("run", "0");
	knob("pages_to_scan", "100");
	knob("sleep_millisecs", "20");
	counter("pages_shared", "1");
	counter("pages_sharing", "2");
	counter("pages_unshared", "3");
	counter("pages_volatile", "4");
	counter("full_scans", "5");
}

} /* namespace ksm */
