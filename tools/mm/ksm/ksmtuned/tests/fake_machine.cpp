// SPDX-License-Identifier: GPL-2.0
#include "ksmtuned/tests/fake_machine.hpp"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "format.hpp"
#include "lib/sysfs.hpp"

namespace fs = std::filesystem;

namespace ksm::tuned
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

int kernel_knobs::write(const std::string &name, const std::string &value) const
{
	const auto found = refused.find(name);
	const auto advisor = content("advisor_mode");

	if (found != refused.end())
		return found->second;
	if (name == "pages_to_scan" && advisor && advisor->value != "none")
		return EINVAL;
	written.push_back(name + "=" + value);

	std::string text;
	if (name == "advisor_mode")
		for (const std::string &choice : advisor->choices)
			text += choice == value ? "[" + choice + "] " : choice + " ";
	std::ofstream(path() + "/" + name) << (text.empty() ? value : text) << "\n";
	return 0;
}

fake_machine::fake_machine()
{
	std::string name = fs::temp_directory_path() / "ksmtuned-XXXXXX";

	root_ = mkdtemp(name.data());
	fs::create_directories(proc());
	memory(16'000'000, 8'000'000);
	put_file("proc/vmstat", "nr_free_pages 1\ncow_ksm 25\nksm_swpin_copy 3\n");
	add_process(40, {.arguments = {}, .files = {}});
	put_file("proc/40/comm", "ksmd\n");
	put_file("proc/40/schedstat", "1500000000 5 6\n");
}

fake_machine::~fake_machine()
{
	fs::remove_all(root_);
}

std::string fake_machine::proc(const std::string &name) const
{
	return root_ + "/proc" + (name.empty() ? "" : "/" + name);
}

void fake_machine::put_file(const std::string &name, const std::string &text) const
{
	const fs::path path = fs::path(root_) / name;

	fs::create_directories(path.parent_path());
	std::ofstream(path) << text;
}

std::string fake_machine::file(const std::string &name) const
{
	return read_text(root_ + "/" + name);
}

/* What is free is in three lines, among others that sound alike. */
void fake_machine::memory(std::int64_t total_kb, std::int64_t free_kb) const
{
	const std::int64_t buffers = free_kb / 4, cached = free_kb / 2;

	put_file("proc/meminfo",
		 fmt::format("MemTotal:       {} kB\nMemFree:        {} kB\n"
			     "MemAvailable:   {} kB\nBuffers:        {} kB\n"
			     "Cached:         {} kB\nSwapCached:     77777 kB\n"
			     "SwapFree:       88888 kB\nHugePages_Free:        0\n",
			     total_kb, free_kb - buffers - cached, free_kb, buffers, cached));
}

void fake_machine::add_process(int pid, const fake_process &process) const
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
	put_file(dir + "status", fmt::format("Name:\tx\nVmHWM:\t99999999 kB\nVmRSS:\t{} kB\n",
					     process.resident_kb));
	put_file(dir + "smaps_rollup", fmt::format("Rss:  9 kB\nPss:  {} kB\nPss_Anon:  7 kB\n",
						   process.proportional_kb));
	put_file(dir + "cgroup", process.cgroup);
	put_file(dir + "ksm_stat", process.ksm_stat);
	fs::create_directories(fs::path(root_) / dir / "fd");
	for (const std::string &target : process.files)
		fs::create_symlink(target, fs::path(root_) / dir / "fd" / std::to_string(fd++));
}

void fake_machine::end_process(int pid) const
{
	fs::remove_all(proc(std::to_string(pid)));
}

} /* namespace ksm::tuned */
