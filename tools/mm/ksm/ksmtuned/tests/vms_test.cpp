// SPDX-License-Identifier: GPL-2.0
/* Which processes count as virtual machines, and for how much. */
#include <filesystem>

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

} /* namespace */
} /* namespace ksm::tuned */
