// SPDX-License-Identifier: GPL-2.0
#include "tests/fake_proc.hpp"

#include <climits>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "error.hpp"
#include "format.hpp"
#include "lib/proc/root.hpp"
#include "lib/sysfs.hpp"

namespace fs = std::filesystem;

namespace ksm
{

fake_process qemu(const std::string &name, std::int64_t resident_kb)
{
	fake_process process;

	process.arguments = {"/usr/bin/qemu-system-x86_64", "-name", "guest=" + name + ",x=on",
			     "-accel", "kvm"};
	process.resident_kb = resident_kb;
	process.files = {"/dev/null", "/dev/kvm", "anon_inode:kvm-vm", "anon_inode:kvm-vcpu:0"};
	process.cgroup =
		"0::/machine.slice/machine-qemu\\x2d1\\x2d" + name + ".scope/libvirt/emulator\n";
	return process;
}

std::string smaps_of(const std::vector<fake_mapping> &mappings)
{
	std::string text;

	for (const fake_mapping &m : mappings)
		text += fmt::format("{} {} 00000000 00:00 0                          {}\n"
				    "Size:                  9 kB\nRss:         {} kB\n"
				    "Pss:                   1 kB\nAnonymous:   {} kB\n"
				    "AnonHugePages:        {} kB\nShared_Hugetlb:   0 kB\n"
				    "Private_Hugetlb:      {} kB\nSwap:        {} kB\n"
				    "SwapPss:               0 kB\nTHPeligible:    0\n"
				    "VmFlags: {}\n",
				    m.range, m.permissions, m.name, m.resident_kb, m.anonymous_kb,
				    m.huge_kb, m.hugetlb_kb, m.swapped_kb, m.flags);
	return text;
}

fake_proc::fake_proc() : real_(open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC))
{
	std::string name = fs::temp_directory_path() / "ksm-XXXXXX";

	root_ = mkdtemp(name.data());
	chmod(root_.c_str(), 0755);
	put_file("proc/self/mountinfo",
		 "21 1 0:20 / /proc rw - proc proc rw\n"
		 "30 1 0:30 / " +
			 root_ + "/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n");
	put_file("proc/meminfo", "MemTotal:       8388608 kB\n"
				 "MemFree:        1048576 kB\n"
				 "MemAvailable:   4194304 kB\n"
				 "SwapFree:             0 kB\n");
	mount();
}

void fake_proc::mount()
{
	try {
		see_as_proc(proc());
	} catch (const error &failure) {
		GTEST_SKIP() << failure.what() << "; " << failure.cure();
	}
}

fake_proc::~fake_proc()
{
	umount2("/proc", MNT_DETACH);
	close(real_);
	fs::remove_all(root_);
}

std::string fake_proc::proc(const std::string &name) const
{
	return root_ + "/proc" + (name.empty() ? "" : "/" + name);
}

void fake_proc::put_file(const std::string &name, const std::string &text) const
{
	const fs::path path = fs::path(root_) / name;

	fs::create_directories(path.parent_path());
	std::ofstream(path) << text;
}

std::string fake_proc::file(const std::string &name) const
{
	return read_text(root_ + "/" + name);
}

std::string fake_proc::real_link(const std::string &name) const
{
	std::string target(PATH_MAX, 0);
	const ssize_t length = readlinkat(real_, name.c_str(), target.data(), target.size());

	return length < 0 ? "" : target.substr(0, std::size_t(length));
}

std::size_t fake_proc::real_entries(const std::string &name) const
{
	DIR *dir = fdopendir(openat(real_, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	std::size_t count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

void fake_proc::add_process(int pid, const fake_process &process) const
{
	const std::string dir = fmt::format("proc/{}/", pid);

	end_process(pid);
	std::string cmdline;
	int fd = 0;

	for (const std::string &argument : process.arguments)
		cmdline += argument + '\0';
	put_file(dir + "cmdline", cmdline);
	const std::string program = process.arguments.empty() ? "kthread" : process.arguments[0];
	put_file(dir + "comm", fs::path(program).filename().string().substr(0, 15) + "\n");
	put_file(dir + "stat", fmt::format("{} (x) S 1 1 1 0 -1 0 0\n", pid));
	put_file(dir + "status", fmt::format("Name:\tx\nVmHWM:\t99999999 kB\nVmRSS:\t{} kB\n",
					     process.resident_kb));
	put_file(dir + "smaps_rollup", fmt::format("Rss:  9 kB\nPss:  {} kB\nPss_Anon:  7 kB\n",
						   process.proportional_kb));
	put_file(dir + "cgroup", process.cgroup);
	put_file(dir + "ksm_stat", process.ksm_stat);
	put_file(dir + "smaps", process.smaps);
	for (const char *private_file : {"ksm_stat", "smaps"})
		chmod(proc(fmt::format("{}/{}", pid, private_file)).c_str(), 0400);
	fs::create_directories(fs::path(root_) / dir / "fd");
	for (const std::string &target : process.files)
		fs::create_symlink(target, fs::path(root_) / dir / "fd" / std::to_string(fd++));
}

void fake_proc::end_process(int pid) const
{
	fs::remove_all(proc(std::to_string(pid)));
}

void fake_proc::mark_domain(const std::string &cgroup, const std::string &value) const
{
	put_file("cgroup" + cgroup + "/memory.ksm_domain", value + "\n");
}

} /* namespace ksm */
