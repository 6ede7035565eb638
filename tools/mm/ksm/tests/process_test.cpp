// SPDX-License-Identifier: GPL-2.0
/* What /proc tells of processes, and which of them are virtual machines. */
#include <filesystem>
#include <sstream>

#include <sys/wait.h>
#include <unistd.h>

#include "lib/proc/amounts.hpp"
#include "lib/proc/mappings.hpp"
#include "lib/proc/vms.hpp"
#include "tests/fake_proc.hpp"

namespace ksm
{
namespace
{

class process_files : public fake_proc
{
protected:
	std::string vm_pids() const
	{
		std::string all;

		for (const process &process : find_vms(proc()).found)
			all += process.pid() + " ";
		return all;
	}
};

TEST_F(process_files, virtual_machines_by_their_files)
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

	EXPECT_EQ(vm_pids(), "20 100 101 ");
	end_process(100);
	EXPECT_EQ(vm_pids(), "20 101 ");
}

TEST_F(process_files, files_that_are_hidden)
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
		const vms vms = find_vms(proc());
		_exit(vms.found.empty() && vms.hidden == 1 ? 0 : 1);
	}
	int status = -1;
	waitpid(child, &status, 0);
	EXPECT_EQ(status, 0);
	EXPECT_EQ(find_vms(proc()).hidden, 0u);
}

TEST_F(process_files, names)
{
	const auto name = [this](std::vector<std::string> arguments) {
		add_process(100, {.arguments = std::move(arguments)});
		return ksm::process(proc("100")).name();
	};

	EXPECT_EQ(name({"/usr/bin/qemu", "-name", "guest=web,debug-threads=on"}), "web");
	EXPECT_EQ(name({"/usr/bin/qemu", "-m", "1G", "-name", "db"}), "db");
	EXPECT_EQ(name({"/usr/bin/kvm", "--name", "db,process=x"}), "db");
	EXPECT_EQ(name({"/usr/bin/qemu", "-name", "debug-threads=on,guest=web"}), "web");
	EXPECT_EQ(name({"/usr/bin/qemu", "-name", "debug-threads=on"}), "qemu");
	EXPECT_EQ(name({"/usr/bin/qemu", "-name", "guest=a,,b=c,process=x"}), "a,b=c");
	EXPECT_EQ(name({"/usr/bin/qemu", "-name", "a,,b"}), "a,b");
	EXPECT_EQ(name({"/usr/bin/qemu", "-name", ""}), "qemu");
	EXPECT_EQ(name({"/usr/bin/crosvm", "run"}), "crosvm");
	EXPECT_EQ(name({"/usr/bin/qemu", "-name"}), "qemu");
}

TEST_F(process_files, units)
{
	const auto place = [this](const std::string &cgroup) {
		add_process(100, {.arguments = {"x"}, .cgroup = cgroup});
		return ksm::process(proc("100")).place();
	};

	EXPECT_EQ(place("0::/machine.slice/machine-a.scope/libvirt/emulator\n").unit,
		  "machine-a.scope");
	EXPECT_EQ(place("0::/machine.slice/machine-a.scope/libvirt/emulator\n").cgroup,
		  "/machine.slice/machine-a.scope/libvirt/emulator");
	EXPECT_EQ(place("0::/machine.slice/machine-a.scope/libvirt/emulator\n").unit_cgroup(),
		  "/machine.slice/machine-a.scope");
	EXPECT_EQ(place("0::/pods/x\n").unit_cgroup(), "/pods/x");
	EXPECT_EQ(place("0::/user.slice/user@1.service/app.slice/x.service\n").unit, "x.service");
	EXPECT_EQ(place("0::/pods/x\n").unit, "");
	EXPECT_EQ(place("5:memory:/x\n1:name=systemd:/system.slice/y.service\n0::/\n").unit,
		  "y.service");
	EXPECT_EQ(place("5:memory:/x\n0::/z.scope\n1:name=systemd:/y.service\n").unit, "z.scope");
	EXPECT_EQ(place("5:memory:/x\n1:name=systemd:/y.service\n").unit, "y.service");
	EXPECT_EQ(place("").unit, "");
}

TEST_F(process_files, what_ksm_tells)
{
	const auto stat = [this](const std::string &text) {
		add_process(100, {.arguments = {"x"}, .ksm_stat = text});
		return ksm::process(proc("100")).stat();
	};
	const auto all = stat("ksm_rmap_items 9\nksm_zero_pages 4\nksm_merging_pages 5\n"
			      "ksm_process_profit -6\nksm_merge_any: yes\nksm_mergeable: yes\n");

	ASSERT_TRUE(all);
	EXPECT_EQ(all->rmap_items, 9);
	EXPECT_EQ(all->zero_pages, 4);
	EXPECT_EQ(all->merging_pages, 5);
	EXPECT_EQ(all->profit, -6);
	EXPECT_EQ(all->mergeable, true);
	EXPECT_TRUE(all->knows_pages());
	EXPECT_TRUE(stat("ksm_rmap_items 1\nksm_merging_pages 0\n")->knows_pages());
	EXPECT_FALSE(stat("ksm_rmap_items 0\n")->mergeable);
	EXPECT_FALSE(stat("ksm_rmap_items 0\nksm_merge_any: no\n")->knows_pages());
	EXPECT_EQ(stat("ksm_merge_any: yes\nksm_mergeable: no\n")->mergeable, false);
	EXPECT_FALSE(stat(""));
}

/* Nor may they run over when they are added up or made bytes. */
TEST(process_texts, impossible_amounts_are_not_believed)
{
	const std::string largest = "9223372036854775807", least = "-9223372036854775808";
	const auto stat =
		parse_ksm_stat("ksm_rmap_items " + largest + "\nksm_merging_pages " + least +
			       "\nksm_zero_pages 7\nksm_process_profit " + least + "\n");
	std::istringstream memory("MemFree: " + largest + " kB\nMemTotal: 8 kB\n");

	EXPECT_EQ(stat->rmap_items, 0);
	EXPECT_EQ(stat->merging_pages, 0);
	EXPECT_EQ(stat->zero_pages, 7);
	EXPECT_EQ(stat->profit, 0);
	EXPECT_EQ(parse_amounts(memory), (amounts{{"MemTotal", 8192}}));
	EXPECT_EQ(parse_mappings("1000-2000 rw-p 0 0 0\nRss: " + largest + " kB\n")[0].resident, 0);
}

} /* namespace */
} /* namespace ksm */
