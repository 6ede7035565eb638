// SPDX-License-Identifier: GPL-2.0
/* 'ps': what processes offer, and what of it is merged. */
#include <algorithm>

#include <unistd.h>

#include "format.hpp"
#include "lib/json.hpp"
#include "lib/proc/domains.hpp"
#include "lib/proc/mappings.hpp"
#include "tests/expect.hpp"
#include "tests/fake_proc.hpp"
#include "tests/program.hpp"

namespace ksm
{
namespace
{

const std::string offered = "rd wr mr mw me ac mg";

class ps_command : public fake_proc
{
protected:
	outcome at(std::vector<std::string> words, const manner &manner = {}) const
	{
		words.insert(words.begin(), {"ps", "--sysfs", path(), "--proc", proc()});
		return ksmctl(words, manner);
	}

	json rows(std::vector<std::string> words = {}) const
	{
		words.push_back("--json");
		return json::parse(at(words).out)["rows"];
	}

	/* The values of a member, in the order of the rows. */
	json column(const std::string &member, const std::vector<std::string> &words = {}) const
	{
		json values = json::array();

		for (const json &row : rows(words))
			values.push_back(row[member]);
		return values;
	}

	static std::string stat(std::int64_t merged, std::int64_t zero, std::int64_t cost)
	{
		const std::int64_t profit = (merged + zero) * sysconf(_SC_PAGESIZE) - cost;

		return fmt::format("ksm_rmap_items 7\nksm_zero_pages {}\nksm_merging_pages {}\n"
				   "ksm_process_profit {}\nksm_merge_any: no\n"
				   "ksm_mergeable: yes\n",
				   zero, merged, profit);
	}

	static fake_process offering(fake_process process, const std::string &stat,
				     const std::string &range = "100000-200000")
	{
		process.ksm_stat = stat;
		process.smaps =
			smaps_of({{.range = "1000-5000"}, {.range = range, .flags = offered}});
		return process;
	}

	void add_three() const
	{
		add_process(100, offering(qemu("web", 1000), stat(10, 5, 100)));
		add_process(101, offering(qemu("db", 1000), stat(100, 0, 200), "100000-300000"));
		add_process(102, offering({.arguments = {"/usr/bin/python3"}}, stat(0, 0, 300),
					  "100000-180000"));
		add_process(103, {.arguments = {"sh"}});
	}
};

TEST_F(ps_command, figures_of_processes)
{
	add_three();
	const json found = rows();
	const std::int64_t page = sysconf(_SC_PAGESIZE);

	ASSERT_EQ(found.size(), 3u);
	EXPECT_EQ(found[0]["name"], "db");
	EXPECT_EQ(found[0]["pids"], json({101}));
	EXPECT_EQ(found[0]["offered_bytes"], 0x200000);
	EXPECT_EQ(found[0]["saved_bytes"], 100 * page - 200);
	EXPECT_EQ(found[0]["metadata_bytes"], 200);
	EXPECT_EQ(found[1]["merged_pages"], 15);
	EXPECT_EQ(found[1]["unit"], "machine-qemu\\x2d1\\x2dweb.scope");
	EXPECT_EQ(found[1]["cgroup"], "/machine.slice/machine-qemu\\x2d1\\x2dweb.scope");
	EXPECT_EQ(found[1]["domain"], nullptr);
	EXPECT_EQ(found[2]["name"], "python3");
	EXPECT_EQ(found[2]["saved_bytes"], -300);

	const json sum = json::parse(at({"--json"}).out)["sum"];
	EXPECT_EQ(sum["offered_bytes"], 0x100000 + 0x200000 + 0x80000);
	EXPECT_EQ(sum["merged_pages"], 115);
	EXPECT_EQ(sum["metadata_bytes"], 600);
}

TEST_F(ps_command, the_table)
{
	add_three();
	const std::vector<std::string> lines = lines_of(at({}).out);

	ASSERT_EQ(lines.size(), 5u);
	EXPECT_HAS(lines[0], "pid process");
	EXPECT_HAS(lines[1], "101 db ");
	EXPECT_HAS(lines[1], " 2.0 MiB      100  399.8 KiB  200 bytes -");
	EXPECT_HAS(lines[3], " -300 bytes ");
	EXPECT_HAS(lines[4], "sum ");
	EXPECT_HAS(lines[4], " 3.5 MiB      115 ");
}

TEST_F(ps_command, only_what_offers_something_unless_named)
{
	add_three();
	EXPECT_EQ(column("pids", {"103", "101"}), json({{101}, {103}}));
	EXPECT_EQ(column("offered_bytes", {"103"}), json({0}));
	EXPECT_EQ(at({"104"}).status, 1);
	EXPECT_HAS(at({"104"}).err, "there is no process 104");
	end_process(100);
	end_process(101);
	end_process(102);
	EXPECT_HAS(at({}).out, "no process offers memory");
	EXPECT_HAS(at({"--by", "vm"}).out, "no virtual machine offers memory");
}

TEST_F(ps_command, kernels_that_do_not_tell_whether_anything_is_offered)
{
	add_process(100, offering({.arguments = {"x"}}, "ksm_rmap_items 0\n"));
	EXPECT_EQ(column("offered_bytes"), json({0x100000}));
}

TEST_F(ps_command, order)
{
	add_three();
	const auto names = [this](const char *order) { return column("name", {"--sort", order}); };

	mark_domain("/machine.slice/machine-qemu\\x2d1\\x2dweb.scope");
	EXPECT_EQ(names("saved"), json({"db", "web", "python3"}));
	EXPECT_EQ(names("offered"), json({"db", "web", "python3"}));
	EXPECT_EQ(names("merged"), json({"db", "web", "python3"}));
	EXPECT_EQ(names("cost"), json({"python3", "db", "web"}));
	EXPECT_EQ(names("name"), json({"db", "python3", "web"}));
	EXPECT_EQ(names("domain"), json({"db", "python3", "web"}));
}

TEST_F(ps_command, virtual_machines)
{
	add_three();
	EXPECT_EQ(column("name", {"--by", "vm"}), json({"db", "web"}));
	EXPECT_HAS(at({"--by", "vm"}).out, "pid vm ");
}

TEST_F(ps_command, units)
{
	add_three();
	fake_process same = offering(qemu("db", 1), stat(1, 0, 1));

	same.cgroup = "0::/machine.slice/machine-qemu\\x2d1\\x2ddb.scope/other\n";
	add_process(104, same);
	add_process(105, offering({.arguments = {"x"}, .cgroup = "0::/pods/a\n"}, stat(0, 0, 0)));
	const json found = rows({"--by", "unit"});

	ASSERT_EQ(found.size(), 4u);
	EXPECT_EQ(found[0]["name"], "machine-qemu\\x2d1\\x2ddb.scope");
	EXPECT_EQ(found[0]["pids"], json({101, 104}));
	EXPECT_EQ(found[0]["offered_bytes"], 0x300000);
	EXPECT_EQ(found[0]["merged_pages"], 101);
	EXPECT_EQ(found[0]["metadata_bytes"], 201);
	EXPECT_EQ(found[2]["name"], "/pods/a");
	EXPECT_EQ(found[2]["unit"], nullptr);

	/* What is kept apart is not added up. */
	mark_domain("/machine.slice/machine-qemu\\x2d1\\x2ddb.scope/other");
	EXPECT_EQ(rows({"--by", "unit"}).size(), 5u);
}

TEST_F(ps_command, what_is_hidden)
{
	if (geteuid())
		GTEST_SKIP() << "takes root, to become somebody else";
	add_three();
	outcome done = at({}, {.as_nobody = true});
	EXPECT_EQ(done.status, 0);
	EXPECT_EQ(done.out, "");
	EXPECT_HAS(done.err, "only its owner and root may see");

	done = at({"100"}, {.as_nobody = true});
	EXPECT_EQ(done.status, 0);
	EXPECT_HAS(lines_of(done.out).at(1), " -        -          -          - -");
	EXPECT_HAS(done.err, "1 process is hidden");

	/* One of all is ours. */
	chmod(proc("101/ksm_stat").c_str(), 0444);
	chmod(proc("101/smaps").c_str(), 0444);
	done = at({}, {.as_nobody = true});
	EXPECT_EQ(lines_of(done.out).size(), 3u) << done.out;
	EXPECT_HAS(done.err, "3 processes are hidden");
	EXPECT_EQ(json::parse(at({"--json"}, {.as_nobody = true}).out)["hidden_processes"], 3);
}

TEST_F(ps_command, any_width)
{
	add_three();
	add_process(106, offering({.arguments = {"/x/\xc3\xa4\xc3\xb6\xc3\xbc\xe2\x82\xac"
						 "1234567"},
				   .cgroup = "0::/a-very-long-name.slice/of-a-cgroup/"
					     "that-has-no-unit-in-its-path/but-more-parts\n"},
				  stat(123456789, 0, 1L << 40)));
	mark_domain("/a-very-long-name.slice/of-a-cgroup/that-has-no-unit-in-its-path");

	for (const char *by : {"process", "vm", "unit"})
		for (const unsigned columns : {40, 50, 60, 72, 80, 200}) {
			const outcome done = at({"--by", by}, {.columns = columns});

			EXPECT_EQ(done.status, 0);
			for (const std::string &line : lines_of(done.out)) {
				const auto bytes = std::ranges::count_if(
					line, [](char c) { return (c & 0xc0) != 0x80; });

				EXPECT_LT(unsigned(bytes), columns) << line;
			}
			EXPECT_HAS(done.out, "saved");
			EXPECT_EQ(done.out.find("domain") != done.out.npos, columns >= 80);
		}
}

TEST_F(ps_command, names_do_not_steer_the_terminal)
{
	add_process(100, offering({.arguments = {"x\x1b[2J\xff"}}, stat(1, 0, 0)));
	EXPECT_HAS(at({}).out, " x?[2J? ");
	EXPECT_EQ(column("name"), json({"x\x1b[2J?"}));
}

TEST_F(ps_command, nearest_mark_decides_on_the_domain)
{
	const auto domain = [this](const std::string &cgroup) {
		return domains(proc()).of(cgroup);
	};

	mark_domain("/a");
	mark_domain("/a/b", "0");
	mark_domain("/a/b/c", "2");
	EXPECT_EQ(domain("/a"), "/a");
	EXPECT_EQ(domain("/a/b"), "/a");
	EXPECT_EQ(domain("/a/b/c/d"), "/a/b/c");
	EXPECT_EQ(domain("/ab"), "");
	EXPECT_EQ(domain("/"), "");
	EXPECT_EQ(domain(""), "");
	EXPECT_EQ(domain("/../a"), "");
	put_file("proc/self/mountinfo", "21 1 0:20 / /proc rw - proc proc rw\n");
	EXPECT_EQ(domain("/a"), "");
}

TEST_F(ps_command, what_smaps_says)
{
	add_process(100, {.arguments = {"x"},
			  .smaps = smaps_of({{.range = "7f00-9f00",
					      .permissions = "---p",
					      .name = "/usr/lib/some file",
					      .resident_kb = 5,
					      .anonymous_kb = 4,
					      .huge_kb = 3,
					      .hugetlb_kb = 2,
					      .swapped_kb = 1},
					     {.range = "a000-b000", .flags = "rd io"}})});
	const auto all = mappings_of(process(proc("100")));

	ASSERT_TRUE(all);
	ASSERT_EQ(all->size(), 2u);
	const mapping &first = all->front();
	EXPECT_EQ(first.bytes(), 0x2000);
	EXPECT_EQ(first.name, "/usr/lib/some file");
	EXPECT_FALSE(first.readable);
	EXPECT_EQ(first.resident, 5 * 1024);
	EXPECT_EQ(first.anonymous, 4 * 1024);
	EXPECT_EQ(first.huge, 3 * 1024);
	EXPECT_EQ(first.hugetlb, 2 * 1024);
	EXPECT_EQ(first.swapped, 1024);
	EXPECT_TRUE(first.has("rd"));
	EXPECT_TRUE(first.has("ac"));
	EXPECT_FALSE(first.has("io"));
	EXPECT_TRUE(all->back().readable);
	EXPECT_TRUE(all->back().has("io"));
	EXPECT_FALSE(mappings_of(process(proc("101"))));
}

} /* namespace */
} /* namespace ksm */
