// SPDX-License-Identifier: GPL-2.0
/* Which processes count as virtual machines, and for how much. */
#include <filesystem>

#include <sys/wait.h>
#include <unistd.h>

#include "error.hpp"
#include "ksmtuned/meminfo.hpp"
#include "ksmtuned/tests/fake_machine.hpp"
#include "ksmtuned/vms.hpp"

namespace ksm::tuned
{
namespace
{

class find : public fake_machine
{
protected:
	std::string pids(const std::string &pattern = "") const
	{
		settings settings;
		std::string all;

		settings.vm_pattern = pattern;
		for (const process &process : find_vms(proc(), settings).found)
			all += process.pid() + " ";
		return all;
	}
};

TEST_F(find, virtual_machines_by_their_files)
{
	add_process(100, qemu("a", 1000));
	add_process(20, qemu("b", 2000));
	/* Another program that makes virtual machines. */
	add_process(101, {.arguments = {"/usr/bin/crosvm"}, .files = {"anon_inode:kvm-vm"}});
	/* A manager that asks KVM what it can do, one that only knows a CPU, one that was named so
	 */
	add_process(102, {.arguments = {"/usr/sbin/libvirtd"}, .files = {"/dev/kvm"}});
	add_process(103, {.arguments = {"/usr/bin/vcpu"}, .files = {"anon_inode:kvm-vcpu:0"}});
	add_process(104, {.arguments = {"/usr/bin/qemu-system-x86_64", "-enable-kvm"}});
	add_process(105, {.arguments = {"x"}, .files = {"/tmp/anon_inode:kvm-vm"}});
	put_file("proc/self/status", "");

	EXPECT_EQ(pids(), "20 100 101 ");
	end_process(100);
	EXPECT_EQ(pids(), "20 101 ");
}

TEST_F(find, virtual_machines_by_a_pattern)
{
	const std::string old = "^qemu-system.*-enable-kvm";

	add_process(100, {.arguments = {"qemu-system-x86_64", "-m", "1G", "-enable-kvm"}});
	add_process(101, {.arguments = {"/usr/bin/qemu-system-x86_64", "-enable-kvm"}});
	add_process(102, {.arguments = {"qemu-system-x86_64", "-accel", "kvm"}});
	add_process(103, {.arguments = {}});
	EXPECT_EQ(pids(old), "100 ");
	EXPECT_EQ(pids("-(enable-kvm|accel kvm)$"), "100 101 102 ");
	EXPECT_EQ(pids(".*"), "100 101 102 "); /* no kernel threads */
}

TEST_F(find, files_that_are_hidden)
{
	add_process(100, qemu("a", 1000));
	const std::filesystem::path fd = proc("100/fd");

	if (geteuid())
		GTEST_SKIP() << "takes root, to become somebody else";
	chmod(fd.c_str(), 0);
	chmod(root().c_str(), 0755);
	const pid_t child = fork();
	if (!child) {
		if (setresuid(65534, 65534, 65534))
			_exit(2);
		const vms vms = find_vms(proc(), settings());
		_exit(vms.found.empty() && vms.hidden == 1 ? 0 : 1);
	}
	int status = -1;
	waitpid(child, &status, 0);
	EXPECT_EQ(status, 0);
	EXPECT_EQ(find_vms(proc(), settings()).hidden, 0u);
}

TEST_F(find, memory_of_them_all)
{
	fake_process other = qemu("b", 2000);

	add_process(100, qemu("a", 1000));
	other.proportional_kb = 30;
	add_process(101, other);
	add_process(102, {.arguments = {"sh"}, .resident_kb = 7777});
	const vms vms = find_vms(proc(), settings());
	EXPECT_EQ(committed_kb(vms, metric::rsz), 3000);
	EXPECT_EQ(committed_kb(vms, metric::pss), 530);

	/* One has ended since. */
	end_process(100);
	EXPECT_EQ(committed_kb(vms, metric::rsz), 2000);
	EXPECT_EQ(committed_kb(vms, metric::pss), 30);
}

TEST_F(find, free_memory)
{
	memory(1'000'000, 400'000);
	EXPECT_EQ(read_meminfo(proc()).total, 1'000'000);
	EXPECT_EQ(read_meminfo(proc()).free, 400'000);
	put_file("proc/meminfo", "MemTotal: 0 kB\n");
	EXPECT_THROW(read_meminfo(proc()), error);
	EXPECT_THROW(read_meminfo(root()), error);
}

TEST_F(find, names)
{
	const auto name = [this](std::vector<std::string> arguments) {
		add_process(100, {.arguments = std::move(arguments)});
		return tuned::process(proc("100")).name();
	};

	EXPECT_EQ(name({"/usr/bin/qemu", "-name", "guest=web,debug-threads=on"}), "web");
	EXPECT_EQ(name({"/usr/bin/qemu", "-m", "1G", "-name", "db"}), "db");
	EXPECT_EQ(name({"/usr/bin/kvm", "--name", "db,process=x"}), "db");
	EXPECT_EQ(name({"/usr/bin/crosvm", "run"}), "crosvm");
	EXPECT_EQ(name({"/usr/bin/qemu", "-name"}), "qemu");
}

TEST_F(find, units)
{
	const auto place = [this](const std::string &cgroup) {
		add_process(100, {.arguments = {"x"}, .cgroup = cgroup});
		return tuned::process(proc("100")).place();
	};

	EXPECT_EQ(place("0::/machine.slice/machine-a.scope/libvirt/emulator\n").unit,
		  "machine-a.scope");
	EXPECT_EQ(place("0::/machine.slice/machine-a.scope/libvirt/emulator\n").cgroup,
		  "/machine.slice/machine-a.scope/libvirt/emulator");
	EXPECT_EQ(place("0::/user.slice/user@1.service/app.slice/x.service\n").unit, "x.service");
	EXPECT_EQ(place("0::/pods/x\n").unit, "");
	EXPECT_EQ(place("5:memory:/x\n1:name=systemd:/system.slice/y.service\n0::/\n").unit,
		  "y.service");
	EXPECT_EQ(place("5:memory:/x\n0::/z.scope\n1:name=systemd:/y.service\n").unit, "z.scope");
	EXPECT_EQ(place("5:memory:/x\n1:name=systemd:/y.service\n").unit, "y.service");
	EXPECT_EQ(place("").unit, "");
}

TEST_F(find, shares)
{
	const auto share = [this](const std::string &text) {
		add_process(100, {.arguments = {"x"}, .ksm_stat = text});
		return tuned::process(proc("100")).share();
	};
	const auto all = share("ksm_rmap_items 9\nksm_zero_pages 4\nksm_merging_pages 5\n"
			       "ksm_process_profit -6\nksm_merge_any: yes\nksm_mergeable: yes\n");

	ASSERT_TRUE(all);
	EXPECT_EQ(all->zero_pages, 4);
	EXPECT_EQ(all->merging_pages, 5);
	EXPECT_EQ(all->profit, -6);
	EXPECT_TRUE(share("ksm_rmap_items 1\nksm_merging_pages 0\n"));
	EXPECT_FALSE(share("ksm_rmap_items 0\nksm_merging_pages 0\nksm_merge_any: no\n"));
	EXPECT_FALSE(share(""));
}

} /* namespace */
} /* namespace ksm::tuned */
