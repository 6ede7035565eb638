// SPDX-License-Identifier: GPL-2.0
/* Where there is much to read, what pays is read first, and all of it in the same pass. */
#include <functional>
#include <memory>
#include <optional>

#include <linux/mman.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/guest_pairs.hpp"
#include "support/limits.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/program.hpp"
#include "support/region.hpp"
#include "support/vm.hpp"

namespace ksm
{

constexpr const char *as_they_come = "/sys/kernel/debug/ksm/as_they_come";

/* ksmd does one batch at a time, and sleeps in between. */
class batches
{
public:
	explicit batches(std::size_t pages)
	{
		set_knob("sleep_millisecs", period_);
		set_knob("pages_to_scan", long(pages));
	}
	~batches()
	{
		try_knob("run", "0");
		try_knob("sleep_millisecs", "0");
	}
	batches(const batches &) = delete;
	batches &operator=(const batches &) = delete;

	/* Until this holds; false if it did not in what is left of this pass. */
	bool until(const std::function<bool()> &done)
	{
		long pass = knob("full_scans");

		while (!done() && knob("full_scans") == pass)
			next();
		return done();
	}
	void pass()
	{
		until([] { return false; });
	}

private:
	void next()
	{
		if (!started_)
			start_ksmd();
		else
			set_knob("sleep_millisecs", period_ ^= 1);
		started_ = true;
		await_that([] { return ksmd_asleep(); }, "a batch of ksmd");
	}

	long period_ = 1000L * 1000 * 1000;
	bool started_ = false;
};

class rounds : public ksm_test
{
protected:
	void prepare() override
	{
		/* A kernel that checks itself would take long for so much memory. */
		if (access(as_they_come, F_OK) == 0) {
			few_.emplace(as_they_come, "512");
			first_ = 512;
		}
		memory_ = std::make_unique<region>(3 * first_);
		memory_->fill_unique(1);
		for (std::size_t i = 0; i < equals(); i++)
			memory_->fill(copy(i), 1 + source(i));
		memory_->mergeable();
	}
	void TearDown() override
	{
		memory_.reset();
		few_.reset();
		ksm_test::TearDown();
	}

	/* How many pages are equal to another, side by side, behind what is read as it comes. */
	std::size_t equals() const { return first_ / 8; }
	std::size_t source(std::size_t i) const { return first_ * 2 + i; }
	std::size_t copy(std::size_t i) const { return first_ * 3 - equals() + i; }
	std::size_t batch() const { return first_ / 16; }
	bool are_merged() const { return knob("pages_sharing") >= long(equals() * 9 / 10); }
	void expect_contents() const
	{
		std::size_t wrong = 0;

		for (std::size_t i = 0; i < memory_->pages() - equals(); i++)
			wrong += !memory_->holds(i, 1 + i);
		for (std::size_t i = 0; i < equals(); i++)
			wrong += !memory_->holds(copy(i), 1 + source(i));
		EXPECT_EQ(wrong, 0u);
	}

	std::size_t first_ = 32768; /* so many are read as they come */
	std::optional<other_value> few_;
	std::unique_ptr<region> memory_;
};

TEST_F(rounds, what_pays_is_read_first)
{
	batches ksmd(batch());

	ksmd.pass();
	EXPECT_TRUE(ksmd.until([&] { return are_merged(); }));
	/* In their order all would have been read by now. */
	EXPECT_LT(std::size_t(knob("pages_unshared")), 2 * first_);
	expect_contents();
}

TEST_F(rounds, two_passes_merge_all)
{
	scan(2);
	EXPECT_EQ(std::size_t(knob("pages_sharing")), equals());
	EXPECT_EQ(std::size_t(knob("pages_unshared")), memory_->pages() - 2 * equals());
	EXPECT_EQ(knob("pages_volatile"), 0);
	expect_contents();
}

/* What is written between the rounds is found by later passes, and what is not, in this one. */
TEST_F(rounds, pages_are_written_in_between)
{
	{
		batches ksmd(batch());
		std::size_t half = memory_->pages() / 2;

		ksmd.pass();
		/* All is behind the cursor then, and most is deferred. */
		EXPECT_TRUE(ksmd.until([&] { return knob("pages_sharing") > 0; }));
		for (std::size_t i = half; i < memory_->pages(); i += 2)
			memory_->words(i)[1] = memory_->words(i)[1];
		ksmd.pass();
		EXPECT_GE(std::size_t(knob("pages_sharing")), equals() / 2);
	}
	scan(2);
	EXPECT_EQ(std::size_t(knob("pages_sharing")), equals());
	EXPECT_EQ(knob("pages_volatile"), 0);
	expect_contents();
}

TEST_F(rounds, memory_is_unmapped_in_between)
{
	region other(1);

	other.fill_all(0);
	other.mergeable();
	batches ksmd(batch());

	ksmd.pass();
	EXPECT_TRUE(ksmd.until([&] { return knob("pages_sharing") > 0; }));
	memory_.reset();
	ksmd.pass();
	ksmd.pass();
	EXPECT_EQ(knob("pages_sharing"), 0);
	EXPECT_EQ(knob("pages_unshared") + knob("pages_volatile"), 1);
}

TEST_F(rounds, memory_is_collapsed_in_between)
{
	batches ksmd(batch());

	ksmd.pass();
	EXPECT_TRUE(ksmd.until([&] { return knob("pages_sharing") > 0; }));
	long before = meminfo_kb("AnonHugePages");

	/* As far as that goes: where a KSM page is, it does not. */
	memory_->advise(MADV_HUGEPAGE);
	madvise(memory_->data(), memory_->bytes(), MADV_COLLAPSE);
	if (meminfo_kb("AnonHugePages") <= before)
		GTEST_SKIP() << "nothing could be collapsed";
	/* Deferred tiles lie in huge pages now. */
	for (int i = 0; i < 3; i++)
		ksmd.pass();
	EXPECT_EQ(std::size_t(knob("pages_sharing")), equals());
	expect_contents();
}

/* What fork leaves has no turn in the rounds of this pass; what exits has none any more. */
TEST_F(rounds, processes_come_and_go_in_between)
{
	batches ksmd(batch());

	ksmd.pass();
	EXPECT_TRUE(ksmd.until([&] { return knob("pages_sharing") > 0; }));
	child heir([&](parent_link &parent) {
		for (std::size_t i = 0; i < memory_->pages(); i += 2)
			memory_->fill(i, i);
		parent.reach("written");
	});

	heir.await("written");
	ksmd.pass();
	heir.go_on("written");
	heir.join();
	for (int i = 0; i < 3; i++)
		ksmd.pass();
	EXPECT_EQ(std::size_t(knob("pages_sharing")), equals());
	expect_contents();
}

/* The only process with deferred tiles exits. */
TEST_F(rounds, all_is_gone_in_between)
{
	memory_.reset();
	region other(1);

	other.fill_all(0);
	other.mergeable();
	child one([&](parent_link &parent) {
		region own(3 * first_);

		own.fill_unique(1);
		own.mergeable();
		parent.reach("offered");
		_exit(0);
	});
	batches ksmd(batch());

	one.await("offered");
	ksmd.pass();
	/* A batch into the first round: some tiles are deferred, and none is read yet. */
	EXPECT_TRUE(
		ksmd.until([&] { return std::size_t(knob("pages_unshared")) > first_ + batch(); }));
	one.go_on("offered");
	one.join();
	ksmd.pass();
	ksmd.pass();
	EXPECT_EQ(knob("pages_unshared") + knob("pages_volatile"), 1);
}

/* A guest writes past the page tables, and is asked about that once more in each round. */
TEST_F(rounds, a_guest_writes_in_between)
{
	KSM_SKIP_IF(why_no_vm());
	if (!few_)
		GTEST_SKIP() << "no " << as_they_come << ": needs CONFIG_KSM_DEBUG";
	memory_.reset();
	other_value all(as_they_come, "0");
	guest_pairs pairs(4096);
	vm guest(pairs.memory());
	stepper ksmd;

	pairs.settle(guest, ksmd);
	for (std::size_t round = 0; round < 3; round++) {
		auto some = pairs.draw(1024);

		pairs.join(guest, some);
		EXPECT_EQ(pairs.missed_after(ksmd, passes_to_find(), some), 0u)
			<< "in round " << round;
		pairs.part(guest, some);
		pairs.settle(ksmd);
	}
}

} /* namespace ksm */
