// SPDX-License-Identifier: GPL-2.0
/* Whether there is room for unsharing below the limits of memory cgroups. */
#include "preflight.hpp"
#include "tests/expect.hpp"
#include "tests/fake_proc.hpp"
#include "tests/program.hpp"

namespace ksm
{
namespace
{

constexpr std::int64_t mib = 1 << 20;

/* Three of four mappings of shared pages need a copy; /a/b has 400 MiB of them. */
class cgroup_room : public fake_proc
{
protected:
	cgroup_room()
	{
		const auto pages = std::to_string(400 * mib / sysconf(_SC_PAGESIZE));

		counter("pages_shared", "100000");
		counter("pages_sharing", "300000");
		counter("ksm_zero_pages", "0");
		add(100, "/a/b", pages);
	}

	void add(int pid, const std::string &cgroup, const std::string &pages,
		 const std::string &zero_pages = "0") const
	{
		fake_process process;

		process.arguments = {"/usr/bin/python3"};
		process.cgroup = "0::" + cgroup + "\n";
		process.ksm_stat = "ksm_rmap_items 1\nksm_zero_pages " + zero_pages +
				   "\nksm_merging_pages " + pages + "\nksm_process_profit 1\n";
		add_process(pid, process);
	}

	void limit(const std::string &cgroup, const std::string &most, std::int64_t used,
		   std::int64_t files = 0) const
	{
		const std::string dir = "cgroup" + cgroup + "/memory.";

		put_file(dir + "max", most + "\n");
		put_file(dir + "current", std::to_string(used) + "\n");
		put_file(dir + "stat", "anon 5\ninactive_file " + std::to_string(files / 2) +
					       "\nactive_file " + std::to_string(files / 2) + "\n");
	}

	void swap(std::int64_t kb) const
	{
		put_file("proc/meminfo",
			 "MemTotal: 8388608 kB\nMemAvailable: 4194304 kB\nSwapFree: " +
				 std::to_string(kb) + " kB\n");
	}

	std::string said() const
	{
		const auto harm = no_room_to_unshare(knobs(path()), proc());

		return harm ? std::string(harm->what()) + " / " + harm->cure() : "";
	}
};

TEST_F(cgroup_room, says_where_it_does_not_fit)
{
	limit("/a/b", std::to_string(1000 * mib), 900 * mib);
	EXPECT_EQ(said(),
		  "to unshare everything takes about 300.0 MiB in the memory cgroup /a/b, and "
		  "100.0 MiB are there, of its memory.max of 1000.0 MiB / raise memory.max "
		  "first, or do it all the same by --force");
}

TEST_F(cgroup_room, no_limit_is_no_reason)
{
	EXPECT_EQ(said(), "");
	limit("/a/b", "max", 900 * mib);
	EXPECT_EQ(said(), "");
}

/* Of 1000 MiB, 20 have to stay free. */
TEST_F(cgroup_room, keeps_a_margin)
{
	limit("/a/b", std::to_string(1000 * mib), 680 * mib);
	EXPECT_EQ(said(), "");
	limit("/a/b", std::to_string(1000 * mib), 682 * mib);
	EXPECT_NE(said(), "");
}

TEST_F(cgroup_room, what_can_go_is_room)
{
	limit("/a/b", std::to_string(1000 * mib), 900 * mib, 300 * mib);
	EXPECT_EQ(said(), "");
	limit("/a/b", std::to_string(1000 * mib), 900 * mib);
	swap(300 * 1024);
	EXPECT_EQ(said(), "");
	put_file("cgroup/a/b/memory.swap.max", "max\n");
	put_file("cgroup/a/b/memory.swap.current", "0\n");
	EXPECT_EQ(said(), "");
	put_file("cgroup/a/b/memory.swap.max", std::to_string(100 * mib) + "\n");
	EXPECT_HAS(said(), "200.0 MiB are there");
	put_file("cgroup/a/b/memory.swap.current", std::to_string(200 * mib) + "\n");
	EXPECT_HAS(said(), "100.0 MiB are there");
}

TEST_F(cgroup_room, a_cgroup_has_those_below_it)
{
	const auto pages = std::to_string(100 * mib / sysconf(_SC_PAGESIZE));

	add(200, "/a/c", "0", pages);
	add(300, "/d", pages);
	limit("/a", std::to_string(1000 * mib), 650 * mib);
	EXPECT_HAS(said(),
		   "takes about 400.0 MiB in the memory cgroup /a, and 350.0 MiB are there");
	limit("/a/c", std::to_string(100 * mib), 50 * mib);
	EXPECT_HAS(said(), "cgroup /a, ");
	EXPECT_HAS(said(), "; 2 cgroups in all are too small");
}

TEST_F(cgroup_room, what_is_outside_of_our_namespace_is_not_looked_at)
{
	add(100, "/../b", std::to_string(400 * mib / sysconf(_SC_PAGESIZE)));
	limit("/../b", "1", 1);
	EXPECT_EQ(said(), "");
}

TEST_F(cgroup_room, force_does_it_and_warns)
{
	const std::vector<std::string> words = {"--sysfs", path(), "--proc",
						proc(),	   "set",  "run=2"};
	std::vector<std::string> forced = words;

	limit("/a/b", std::to_string(1000 * mib), 900 * mib);
	EXPECT_EQ(ksmctl(words).status, 1);
	EXPECT_EQ(text("run"), "1");
	forced.push_back("--force");
	const outcome done = ksmctl(forced, {.columns = 500});
	EXPECT_EQ(done.status, 0);
	EXPECT_HAS(done.out, "warning: to unshare everything takes about");
	EXPECT_EQ(text("run"), "2");
}

} /* namespace */
} /* namespace ksm */
