// SPDX-License-Identifier: GPL-2.0
/* What has been offered while a long pass goes on does not wait for its end. */
#include <memory>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/ksm_pages.hpp"
#include "support/limits.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/program.hpp"
#include "support/region.hpp"

namespace ksm
{

class fresh : public ksm_test
{
protected:
	static constexpr std::size_t pages = 16;

	void prepare() override
	{
		for (std::size_t i = 0; i < old_.pages(); i++)
			old_.fill(i, 1000 + i);
		old_.mergeable();
		/* A process that is forked for long is not visited, and passes are short. */
		old_.advise(MADV_DONTFORK);
		set_knob("pages_to_scan", 2000);
		scan(1);
		/* The next pass has all to read, and takes minutes. */
		set_knob("pages_to_scan", 4);
		set_knob("sleep_millisecs", 100);
		start_ksmd();
		/* Into it: who comes now comes behind the cursor. */
		usleep(1500000);
		passes_ = knob("full_scans");
	}

	/* Offers pages that are equal to each other. */
	static child::body newcomer(std::uint64_t seed)
	{
		return [seed](parent_link &parent) {
			region memory(pages);

			memory.fill_all(seed);
			memory.mergeable();
			parent.reach("offered");
			require(memory.strangers(seed) == 0, "content changed");
		};
	}
	void expect_merged_early(const child &one)
	{
		await_that([&] { return merging_pages(one.pid()) == long(pages); },
			   "what is new to be merged");
		/* In turn it would be visited for the second time in the pass after the next. */
		EXPECT_LE(knob("full_scans"), passes_ + 1);
	}

	region old_{32768};
	long passes_ = 0;
};

TEST_F(fresh, a_new_process_does_not_wait_for_the_pass)
{
	child one(newcomer(1));

	one.await("offered");
	expect_merged_early(one);
	one.go_on("offered");
	one.join();
}

TEST_F(fresh, nor_do_several)
{
	std::vector<std::unique_ptr<child>> all;

	for (std::uint64_t i = 1; i <= 3; i++)
		all.push_back(std::make_unique<child>(newcomer(i)));
	for (auto &each : all)
		each->await("offered");
	for (auto &each : all)
		expect_merged_early(*each);
	for (auto &each : all) {
		each->go_on("offered");
		each->join();
	}
}

/* They are new for as long as they live, and ksmd still comes to the end of its pass. */
TEST_F(fresh, what_is_new_does_not_stop_the_pass)
{
	set_knob("pages_to_scan", 2000);
	for (std::uint64_t i = 1; knob("full_scans") < passes_ + 1; i++) {
		child one(newcomer(i));

		one.await("offered");
		usleep(10000);
		one.kill();
	}
}

} /* namespace ksm */
