// SPDX-License-Identifier: GPL-2.0
/* smart_scan: known pages cost nothing, and nothing is lost by it. */
#include "support/fixture.hpp"
#include "support/ksm_pages.hpp"
#include "support/pagemap.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"

namespace ksm
{

class smart_scan : public ksm_test
{
protected:
	void prepare() override { set_knob("smart_scan", 1); }
	/* The most passes that the old engine looks away from a page, and two to merge. */
	static constexpr unsigned longest_wait = 12;
};

TEST_F(smart_scan, settled_pages_are_skipped)
{
	region memory(256);
	stepper ksmd;

	memory.fill_unique(100);
	memory.mergeable();
	for (int i = 0; i < 10; i++)
		ksmd.pass();

	long before = knob("pages_skipped");
	long scanned = knob("pages_scanned");

	for (int i = 0; i < 10; i++)
		ksmd.pass();

	long skipped = knob("pages_skipped") - before;

	scanned = knob("pages_scanned") - scanned;
	EXPECT_GE(skipped, 5 * 256) << "of 10 visits to each page, half at least";
	EXPECT_LE(skipped + scanned, 10 * 256) << "a visit is either scanned or skipped";
	EXPECT_EQ(memory.strangers_unique(100), 0u);
	EXPECT_EQ(truth_of(memory).total(), 0u);
}

TEST_F(smart_scan, nothing_is_skipped_when_off)
{
	region memory(64);
	stepper ksmd;

	set_knob("smart_scan", 0L);
	memory.fill_unique(400);
	memory.mergeable();
	long before = knob("pages_skipped");

	for (int i = 0; i < 12; i++)
		ksmd.pass();
	EXPECT_EQ(knob("pages_skipped"), before);
}

/* New memory is never passed over: two passes merge it, as without. */
TEST_F(smart_scan, new_pages_merge_in_two_passes)
{
	region memory(64);

	memory.fill_all(1);
	memory.mergeable();
	scan();
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
}

/* Pages known as single for long are found when duplicates turn up. */
TEST_F(smart_scan, late_duplicates_of_settled_pages)
{
	region memory(64), late(64);

	memory.fill_unique(500);
	memory.mergeable();
	scan(20);
	ASSERT_EQ(truth_of(memory).total(), 0u);
	late.fill_unique(500);
	late.mergeable();
	scan(2 * longest_wait);

	auto a = pagemap(memory), b = pagemap(late);

	for (std::size_t i = 0; i < memory.pages(); i++)
		EXPECT_EQ(a[i].pfn(), b[i].pfn()) << "page " << i;
	EXPECT_EQ(memory.strangers_unique(500) + late.strangers_unique(500), 0u);
}

/* Settled pages that become equal to each other are found as well. */
TEST_F(smart_scan, settled_pages_that_change)
{
	region memory(64);

	memory.fill_unique(600);
	memory.mergeable();
	scan(20);
	memory.fill_all(2);
	scan(2 * longest_wait);
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
	EXPECT_EQ(truth_of(memory).frames(), 1u);
	EXPECT_EQ(memory.strangers(2), 0u);
}

TEST_F(smart_scan, counters_stay_exact)
{
	region memory(120);

	for (std::size_t i = 0; i < memory.pages(); i++)
		memory.fill(i, i < 60 ? i / 3 : i);
	memory.mergeable();
	scan(20);
	EXPECT_EQ(knob("pages_shared"), 20);
	EXPECT_EQ(knob("pages_sharing"), 40);
	/* A skipped page is in no tree of the old engine, so only the sum is the same. */
	EXPECT_EQ(knob("pages_unshared") + knob("pages_volatile"), 60);
	EXPECT_EQ(ksm_stat("ksm_rmap_items"), 120);
}

/* However long memory was written to all the time, it is merged when it stands still. */
TEST_F(smart_scan, rewritten_pages_are_merged_in_the_end)
{
	constexpr std::size_t pages = 256;

	for (long smart : {0, 1}) {
		region memory(pages);
		stepper ksmd;

		set_knob("smart_scan", smart);
		memory.mergeable();
		for (unsigned round = 0; round < 40; round++) {
			for (std::size_t i = 0; i < pages; i++)
				memory.fill(i, 1000 * (round + 1) + i);
			ksmd.pass();
		}
		for (std::size_t i = 0; i < pages; i++)
			memory.fill(i, i / 2);
		for (unsigned i = 0; i < (smart ? 40 : 2); i++)
			ksmd.pass();
		EXPECT_EQ(truth_of(memory).total(), pages) << "smart_scan " << smart;
		EXPECT_EQ(truth_of(memory).frames(), pages / 2) << "smart_scan " << smart;
		for (std::size_t i = 0; i < pages; i++)
			ASSERT_TRUE(memory.holds(i, i / 2)) << "page " << i;
	}
}

} /* namespace ksm */
