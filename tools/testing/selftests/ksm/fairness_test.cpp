// SPDX-License-Identifier: GPL-2.0
/*
 * A process that changes its own mappings without end costs others nothing: neither
 * their turn, nor the partners that its pages would have been.
 */
#include <chrono>
#include <thread>

#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/ksm_pages.hpp"
#include "support/pagemap.hpp"
#include "support/passes.hpp"
#include "support/region.hpp"

namespace ksm
{

namespace
{

/*
 * A process that holds pages of contents 0, 1, 2 and so on, and then keeps them locked
 * for practically all of the time by mprotect(). On either side of them are pages of
 * one content, in VMAs that nobody touches: never is the protection in the middle
 * that of its neighbours, so they do not become one VMA.
 */
class meddler
{
public:
	static constexpr std::size_t beside = 64;
	static constexpr std::uint64_t seed_beside = 1UL << 40;

	explicit meddler(std::size_t pages);
	~meddler() { process_.kill(); }
	meddler(const meddler &) = delete;
	meddler &operator=(const meddler &) = delete;

	/* Returns once it is at it. */
	void begin()
	{
		process_.go_on("offered");
		process_.await("locked");
	}
	page_range before() const { return memory_.part(0, beside); }
	page_range behind() const { return memory_.part(memory_.pages() - beside, beside); }

private:
	[[noreturn]] static void meddle(parent_link &parent, std::size_t pages);

	child process_;
	page_range memory_;
};

meddler::meddler(std::size_t pages)
	: process_([=](parent_link &parent) { meddle(parent, pages); }),
	  memory_(process_.pid(), process_.await("offered"), beside + pages + beside)
{
}

void meddler::meddle(parent_link &parent, std::size_t pages)
{
	region own(beside + pages + beside);
	char *middle = own.page(beside);
	auto change = [=](int protection) {
		require(mprotect(middle, pages * page_size, protection) == 0, "mprotect");
	};

	for (std::size_t i = 0; i < beside; i++) {
		own.fill(i, seed_beside);
		own.fill(beside + pages + i, seed_beside);
	}
	for (std::size_t i = 0; i < pages; i++)
		own.fill(beside + i, i);
	change(PROT_READ);
	own.mergeable();
	parent.reach("offered", own.data());
	for (bool first = true;; first = false) {
		change(PROT_READ | PROT_EXEC);
		if (first)
			parent.tell("locked");
		change(PROT_READ);
	}
}

} /* namespace */

class fairness : public ksm_test
{
protected:
	using clock = std::chrono::steady_clock;

	/* How long some complete passes take, after which a bystander's pages are merged. */
	static clock::duration time_to_merge(std::uint64_t seed)
	{
		region bystander((4UL << 20) / page_size);
		auto from = clock::now();

		bystander.fill_all(seed);
		bystander.mergeable();
		scan(3);
		EXPECT_EQ(truth_of(bystander).total(), bystander.pages());
		return clock::now() - from;
	}
};

TEST_F(fairness, bystanders_are_merged_in_time)
{
	using seconds = std::chrono::duration<double>;
	meddler other((96UL << 20) / page_size);

	set_knob("pages_to_scan", 1000);
	set_knob("sleep_millisecs", 20);
	scan(2);
	seconds quiet = time_to_merge(meddler::seed_beside + 1);

	other.begin();
	seconds beside = time_to_merge(meddler::seed_beside + 2);

	EXPECT_LT(beside.count(), 3 * quiet.count() + 1)
		<< "seconds beside endless mprotect(), and without: " << quiet.count();
}

/* What is not locked is visited, however near to what is. */
TEST_F(fairness, neighbours_of_what_is_locked_are_merged)
{
	meddler other((32UL << 20) / page_size);

	other.begin();
	scan(6);
	EXPECT_EQ(truth_of(other.before()).total(), meddler::beside);
	EXPECT_EQ(truth_of(other.behind()).total(), meddler::beside);
}

/* What is locked is come back to soon, however long ksmd pauses between batches. */
TEST_F(fairness, no_pause_begins_in_front_of_what_is_locked)
{
	meddler other((32UL << 20) / page_size);
	auto limit = clock::now() + std::chrono::minutes(2);

	other.begin();
	set_knob("sleep_millisecs", 3600000);
	set_knob("pages_to_scan", 1000000);
	long before = knob("full_scans");

	start_ksmd();
	while (knob("full_scans") == before && clock::now() < limit)
		std::this_thread::sleep_for(std::chrono::milliseconds(10));
	EXPECT_GT(knob("full_scans"), before);
}

/*
 * A page that waits for its equal, and then cannot be had, does not keep others of its
 * content from each other.
 */
TEST_F(fairness, busy_pages_do_not_keep_others_apart)
{
	constexpr std::size_t pages = 256;
	meddler other((32UL << 20) / page_size);

	scan(3);
	ASSERT_GE(knob("pages_unshared"), long(pages));
	other.begin();
	region one(pages), two(pages);

	one.fill_unique(0);
	two.fill_unique(0);
	one.mergeable();
	two.mergeable();
	scan(10);

	auto first = pagemap(one), second = pagemap(two);
	std::size_t together = 0;

	for (std::size_t i = 0; i < pages; i++)
		together += first[i].pfn() == second[i].pfn();
	EXPECT_EQ(together, pages);
	EXPECT_EQ(one.strangers_unique(0) + two.strangers_unique(0), 0u);
}

} /* namespace ksm */
