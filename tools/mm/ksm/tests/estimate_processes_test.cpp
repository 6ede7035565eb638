// SPDX-License-Identifier: GPL-2.0
/* 'estimate' on processes whose memory is known. */
#include <regex>

#include "lib/json.hpp"
#include "tests/expect.hpp"
#include "tests/fake_sysfs.hpp"
#include "tests/holder.hpp"
#include "tests/program.hpp"

namespace ksm
{
namespace
{

class estimate_of_processes : public fake_sysfs
{
protected:
	outcome at(std::vector<std::string> words, const manner &manner = {}) const
	{
		words.insert(words.begin(), {"estimate", "--sysfs", path()});
		return ksmctl(words, manner);
	}

	/* What a process that was just forked has of its own. */
	static constexpr std::int64_t own = 150;

	void SetUp() override
	{
		const holder any([] {});
		const outcome done = at({any.pid()});

		for (const char *reason : {"Linux 6.7 or later", "may not be read"})
			if (done.err.find(reason) != done.err.npos)
				GTEST_SKIP() << done.err;
		ASSERT_EQ(done.status, 0) << done.err;
	}

	json of(std::vector<std::string> words) const
	{
		words.push_back("--json");
		const outcome done = at(words);

		EXPECT_EQ(done.status, 0) << done.err;
		return json::parse(done.out);
	}

	static std::int64_t pages(const json &bytes)
	{
		return bytes.get<std::int64_t>() / sysconf(_SC_PAGESIZE);
	}
};

/*
 * Of 2500 pages, 1000 are those of all others, 500 are equal to each other, 500 are empty,
 * and 500 are equal to none.
 */
void make_all_sorts(std::uint64_t number)
{
	const area &memory = lasting(2500);

	for (std::size_t i = 0; i < 1000; i++)
		memory.fill(i, 1 + i);
	for (std::size_t i = 1000; i < 1500; i++)
		memory.fill(i, number << 32);
	for (std::size_t i = 1500; i < 2000; i++)
		memory.fill(i, 0);
	for (std::size_t i = 2000; i < 2500; i++)
		memory.fill(i, number << 32 | i);
}

TEST_F(estimate_of_processes, all_that_is_equal)
{
	const holder a([] { make_all_sorts(1); }), b([] { make_all_sorts(2); });
	/* One page is kept of 256 that share it. */
	const std::int64_t zero = 1000 - 4, saved = 1000 + zero + 2 * (500 - 2);
	const json both = of({a.pid(), b.pid()});

	EXPECT_EQ(both["processes"], 2);
	EXPECT_EQ(both["pages"], both["pages_looked_at"]);
	EXPECT_NEAR(pages(both["saved_bytes"]["value"]), saved, own);
	EXPECT_EQ(both["saved_bytes"]["low"], both["saved_bytes"]["high"]);
	EXPECT_NEAR(pages(both["zero_pages_bytes"]), zero, own);
	EXPECT_NEAR(both["pages_of_zeroes"].get<int>(), 1000, own);
	/* One more if those of the program's own do not fit in the last one. */
	EXPECT_NEAR(pages(both["use_zero_pages_bytes"]), 4, 1);
	EXPECT_EQ(both["net_bytes"]["value"].get<std::int64_t>(),
		  both["saved_bytes"]["value"].get<std::int64_t>() -
			  both["metadata_bytes"].get<std::int64_t>());

	/* Only within the process: nobody else has the first 1000. */
	EXPECT_NEAR(pages(of({a.pid()})["saved_bytes"]["value"]), 498 + 498, own);

	knob("use_zero_pages", "1");
	EXPECT_NEAR(pages(of({a.pid()})["saved_bytes"]["value"]), 498 + 500, own);
	EXPECT_EQ(of({a.pid()})["use_zero_pages_bytes"], 0);
}

TEST_F(estimate_of_processes, a_sample_if_there_is_no_time_for_more)
{
	const auto make = [](std::uint64_t number) {
		const area &memory = lasting(60'000);

		for (std::size_t i = 0; i < 60'000; i++)
			memory.fill(i, i < 30'000 ? 1 + i : number << 32 | i);
	};
	const holder a([&] { make(1); }), b([&] { make(2); });
	bool holds = false;

	/* It misses one time in 20, as it says: not four times in a row. */
	for (int tries = 0; tries < 4 && !holds; tries++) {
		const json sample = of({a.pid(), b.pid(), "--seconds", "0.01"});
		const json &saved = sample["saved_bytes"];

		ASSERT_LT(sample["pages_looked_at"], sample["pages"]);
		EXPECT_LT(saved["low"], saved["high"]);
		holds = pages(saved["low"]) <= 30'000 + own && pages(saved["high"]) >= 30'000 - own;
	}
	EXPECT_TRUE(holds);
}

TEST_F(estimate_of_processes, mappings_of_the_zero_page_take_no_memory)
{
	const holder reads([] {
		const area &memory = lasting(5000);
		volatile char sum = 0;

		for (std::size_t i = 0; i < 5000; i++)
			sum = char(sum + *memory.page_at(i));
	});

	EXPECT_LT(of({reads.pid()})["pages"], 1000);
}

TEST_F(estimate_of_processes, what_is_shared_already_is_not_saved_again)
{
	/* Both map the pages of the one that forked them. */
	const area memory(2000);
	for (std::size_t i = 0; i < 2000; i++)
		memory.fill(i, 1 + i);
	const holder a([] {}), b([] {});
	const json both = of({a.pid(), b.pid()});

	EXPECT_GT(both["pages"], 4000);
	EXPECT_NEAR(pages(both["already_saved_bytes"]), 2000, 2 * own);
	EXPECT_LT(pages(both["saved_bytes"]["value"]), own);
	/* What the test shares with one of them is no matter of that one. */
	EXPECT_EQ(of({a.pid()})["already_saved_bytes"], 0);
	EXPECT_LT(pages(of({a.pid()})["saved_bytes"]["value"]), own);
}

TEST_F(estimate_of_processes, huge_pages)
{
	constexpr std::size_t in_huge = 512;
	const holder huge([] {
		const area &memory = lasting(2 * in_huge, MADV_HUGEPAGE);

		for (std::size_t i = 0; i < 2 * in_huge; i++)
			memory.fill(i, 1 + i % in_huge);
	});
	const std::string smaps = shell("cat /proc/" + huge.pid() + "/smaps");

	if (smaps.find("AnonHugePages:      4096 kB") == smaps.npos)
		GTEST_SKIP() << "there are no huge pages here";
	const json found = of({huge.pid()});
	EXPECT_NEAR(pages(found["splitting_bytes"]), in_huge, 2);
	EXPECT_GE(pages(found["saved_bytes"]["value"]), std::int64_t(in_huge));
}

TEST_F(estimate_of_processes, what_cannot_be_merged)
{
	constexpr std::size_t size = 300;
	const holder shares([] {
		const std::size_t bytes = size * std::size_t(sysconf(_SC_PAGESIZE));

		std::memset(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				 -1, 0),
			    1, bytes);
		void *hidden = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		std::memset(hidden, 1, bytes);
		mprotect(hidden, bytes, PROT_NONE);
	});
	const json why = of({shares.pid()})["cannot_merge_bytes"];

	EXPECT_GE(pages(why["shared"]), std::int64_t(size));
	EXPECT_GE(pages(why["unreadable"]), std::int64_t(size));
	EXPECT_GT(pages(why["files"]), 0);
	EXPECT_EQ(why["hugetlb"], 0);
	EXPECT_EQ(why["pinned"], 0);
}

TEST_F(estimate_of_processes, a_second_look)
{
	const auto make = [](const area &memory) {
		for (std::size_t i = 0; i < 3000; i++)
			memory.fill(i, 1 + i);
	};
	std::uint64_t count = 0;
	area *memory = nullptr;
	const holder busy(
		[&] {
			memory = &lasting(3000);
			make(*memory);
		},
		[&] {
			for (std::size_t i = 0; i < 1500; i++)
				memory->fill(i, count);
			count++;
		});
	const holder idle([&] { make(lasting(3000)); });
	const auto changed = [this](const holder &process) {
		return of({process.pid(), "--settle", "0.5"})["changed_part"].get<double>();
	};

	EXPECT_NEAR(changed(busy), 0.5, 0.1);
	EXPECT_EQ(changed(idle), 0);
	EXPECT_TRUE(of({idle.pid()})["changed_part"].is_null());
	EXPECT_HAS(at({busy.pid(), "--settle", "0.5"}).out, " % of the pages within 0.5 s");
}

TEST_F(estimate_of_processes, stopped_early)
{
	const holder process([] { make_all_sorts(1); });
	int status = -1;
	const std::string out =
		shell("timeout --preserve-status -s INT 2 '" + environment("KSMCTL") +
			      "' estimate --json --settle 25 " + process.pid(),
		      &status);

	EXPECT_EQ(status, 0);
	EXPECT_GE(json::parse(out)["pages_looked_at"], 2500);
	EXPECT_TRUE(json::parse(out)["changed_part"].is_null());
}

TEST_F(estimate_of_processes, the_text)
{
	const holder a([] { make_all_sorts(1); }), b([] { make_all_sorts(2); });
	const std::string out = at({a.pid(), b.pid()}).out;

	EXPECT_HAS(out, " pages of 2 processes, in ");
	EXPECT_TRUE(std::regex_search(out, std::regex("\nsaves    1[12]\\.\\d MiB\n"))) << out;
	EXPECT_TRUE(
		std::regex_search(out, std::regex("\nzero     [34]\\.\\d MiB by pages of zeroes")))
		<< out;
	EXPECT_HAS(out, ": KSM would pay\n");
	EXPECT_HAS(out, "offered  0 bytes of ");
	EXPECT_HAS(out, ": the rest takes ksmctl offer or run\n");
	EXPECT_HAS(out, "cannot merge:\nfiles ");
	for (const unsigned columns : {40, 60, 80})
		for (const std::string &line :
		     lines_of(at({a.pid(), b.pid()}, {.columns = columns}).out))
			/* What it says meanwhile was on the line of the first words. */
			if (!line.starts_with("looked at") && !line.starts_with("finding")) {
				EXPECT_LT(line.size(), columns) << line;
			}

	const holder unique([] {
		const area &memory = lasting(20'000);

		for (std::size_t i = 0; i < 20'000; i++)
			memory.fill(i, 1 + i);
	});
	EXPECT_HAS(at({unique.pid()}).out, "KSM would cost more than it saves\n");
}

} /* namespace */
} /* namespace ksm */
