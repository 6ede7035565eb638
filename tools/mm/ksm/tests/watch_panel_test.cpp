// SPDX-License-Identifier: GPL-2.0
/* The screen of 'watch' as text: bars, and what fits. */
#include "tests/expect.hpp"
#include "tests/fake_proc.hpp"
#include "utf8.hpp"
#include "watch/bars.hpp"
#include "watch/panel.hpp"

namespace ksm
{
namespace
{

TEST(bars, one_amount)
{
	EXPECT_EQ(bar(0.5, 10), "[####    ]");
	EXPECT_EQ(bar(-1, 4), "[  ]");
	EXPECT_EQ(bar(2, 4), "[##]");
	EXPECT_EQ(bar(1, 2), "");
}

TEST(bars, several_amounts)
{
	EXPECT_EQ(stacked_bar({{'a', 50}, {'b', 25}, {'c', 25}}, 10), "[aaaabbcc]");
	EXPECT_EQ(stacked_bar({{'a', 1000}, {'b', 1}}, 10), "[aaaaaaab]");
	EXPECT_EQ(stacked_bar({{'a', 1}, {'b', 1000}}, 10), "[abbbbbbb]");
	EXPECT_EQ(stacked_bar({{'a', 0}, {'b', 0}}, 5), "[   ]");
}

TEST(bars, amounts_one_after_the_other)
{
	using lines = std::vector<std::string>;

	EXPECT_EQ(column_chart({0, 1, 3, 6}, 10, 2), (lines{"   #", " .##"}));
	/* The last of them. */
	EXPECT_EQ(column_chart({9, 9, 0, 6}, 2, 1), (lines{" #"}));
	/* What is there is seen. */
	EXPECT_EQ(column_chart({1, 1000}, 10, 1), (lines{".#"}));
	EXPECT_EQ(column_chart({}, 10, 2), (lines{"", ""}));
	EXPECT_EQ(column_chart({0}, 10, 1), (lines{" "}));
	EXPECT_EQ(column_chart({-5, 5}, 10, 1), (lines{" #"}));
}

class watch_panel : public fake_proc
{
protected:
	watch_panel()
	{
		add_process(100, saver("python3", 4096'000));
		add_process(200, saver("node", 8192'000));
		add_process(300, {.arguments = {"/usr/bin/idle"}});
	}

	static fake_process saver(const std::string &name, std::int64_t profit)
	{
		fake_process process;

		process.arguments = {"/usr/bin/" + name};
		process.ksm_stat = "ksm_rmap_items 3000\nksm_zero_pages 10\nksm_merging_pages "
				   "2000\nksm_process_profit " +
				   std::to_string(profit) +
				   "\nksm_merge_any: yes\nksm_mergeable: yes\n";
		return process;
	}

	std::string shown(std::size_t columns, std::size_t rows) const
	{
		const knobs knobs(path());
		camera camera(knobs, proc());
		std::string text;

		camera.take();
		for (const panel_line &line : panel(camera.take(), columns, rows))
			text += line.text + "\n";
		return text;
	}
};

TEST_F(watch_panel, has_all_that_matters_in_both_sizes)
{
	put("domain_pending", "12", 0400);
	for (const auto &[columns, rows] : {std::pair(80u, 24u), {60u, 20u}}) {
		const std::string text = shown(columns, rows);

		for (const char *part :
		     {"running", "q quits", "100 pages, then 20 ms",
		      "1.14 GiB, 14.3 % of all memory", "19.1 MiB, profit 1.13 GiB",
		      "7, the last took 1.3 s", "= 100000 shared, # 299950 sharing, 0 50 zero\n",
		      ". 5000 unshared, ~ 12 volatile\n", "12 pages of domains",
		      "trees    100k stable, 0 dups in 0 chains, 5000 unstable", "pid"})
			EXPECT_HAS(text, part);
		/* The most first, and those without a page not at all. */
		EXPECT_HAS(text, "7.8 MiB     2010  node\n    100    3.9 MiB     2010  python3\n");
		EXPECT_LACKS(text, "idle");
	}
}

TEST_F(watch_panel, names_virtual_machines_as_their_owners_do)
{
	fake_process guest = qemu("web", 1000), search = saver("find", 5000);

	guest.ksm_stat = saver("", 9000).ksm_stat;
	search.arguments = {"/usr/bin/find", "-name", "web"};
	add_process(400, guest);
	add_process(500, search);
	EXPECT_HAS(shown(80, 30), " web (VM)\n");
	EXPECT_HAS(shown(80, 30), " find\n");
}

TEST_F(watch_panel, fits_any_size)
{
	counter("pages_sharing", "123456789012");
	counter("full_scans", "1234567890123456");
	for (int pid = 1000; pid < 1040; pid++)
		add_process(pid, saver("many", pid));
	add_process(2000, saver("n\xc3\xa4me-\xe2\x82\xac\x1b[31m\xff", 1LL << 50));
	for (std::size_t columns = 1; columns < 130; columns += columns < 12 ? 1 : 7) {
		for (std::size_t rows = 1; rows < 60; rows += rows < 24 ? 1 : 7) {
			const knobs knobs(path());
			camera camera(knobs, proc());
			const auto lines = panel(camera.take(), columns, rows);

			ASSERT_LE(lines.size(), rows);
			for (const panel_line &line : lines) {
				ASSERT_LE(characters(line.text), columns) << line.text;
				ASSERT_EQ(line.text, printable(line.text));
			}
		}
	}
}

TEST_F(watch_panel, an_older_kernel_and_hidden_counters)
{
	make_old();
	EXPECT_HAS(shown(80, 24), "stopped, what is merged stays merged");
	EXPECT_LACKS(shown(80, 24), "pending");
	clear();
	EXPECT_HAS(shown(80, 24), "saved    -\n");
	EXPECT_HAS(shown(80, 24), "cost     -, profit -");
}

TEST_F(watch_panel, processes_are_not_read_at_each_frame)
{
	const knobs knobs(path());
	camera camera(knobs, proc());

	EXPECT_EQ(camera.take().savers.all.size(), 2u);
	end_process(100);
	EXPECT_EQ(camera.take().savers.all.size(), 2u);
	EXPECT_EQ(camera.take().history.size(), 3u);
}

} /* namespace */
} /* namespace ksm */
