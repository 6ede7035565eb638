// SPDX-License-Identifier: GPL-2.0
/*
 * Uniform faults: whether a page has an equal is not to be told from what it costs, what
 * /proc says of it, or where in memory it lies.
 */
#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/sysfs.hpp"
#include "support/cgroup.hpp"
#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/ksm_pages.hpp"
#include "support/limits.hpp"
#include "support/pagemap.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/program.hpp"
#include "support/region.hpp"
#include "support/tenant.hpp"

namespace ksm
{

namespace
{

constexpr std::size_t pages = 128;

/* Passes until a page that lies still has been seen, seen again, and replaced. */
constexpr unsigned enough = 3;

std::size_t ksm_pages_of(const page_range &memory)
{
	std::size_t number = 0;

	for (bool is : which_are_ksm(memory))
		number += is;
	return number;
}

std::set<std::uint64_t> frames_of(const page_range &memory)
{
	std::set<std::uint64_t> frames;

	for (const mapped_page &page : pagemap(memory))
		frames.insert(page.pfn());
	return frames;
}

/* What move_pages() says of each page, asked to move what nobody else maps. */
std::vector<int> move_own_pages(const region &memory, int node)
{
	std::vector<void *> addresses;
	std::vector<int> nodes(memory.pages(), node), status(memory.pages(), -1);
	constexpr int move_own = 1 << 1; /* MPOL_MF_MOVE */

	for (std::size_t i = 0; i < memory.pages(); i++)
		addresses.push_back(memory.page(i));
	syscall(SYS_move_pages, 0, memory.pages(), addresses.data(), nodes.data(), status.data(),
		move_own);
	return status;
}

} /* namespace */

class uniform : public ksm_test
{
protected:
	void prepare() override
	{
		KSM_SKIP_IF(why_no_knob("uniform_faults"));
		set_knob("uniform_faults", 1);
	}
};

TEST_F(uniform, knob)
{
	for (const char *bad : {"2", "-1", " ", "y", "1 1"})
		EXPECT_EQ(try_knob("uniform_faults", bad), EINVAL) << "'" << bad << "'";
	EXPECT_EQ(knob("uniform_faults"), 1);
	EXPECT_EQ(try_knob("uniform_faults", "0"), 0);
	EXPECT_EQ(knob("uniform_faults"), 0);
}

TEST_F(uniform, a_page_without_an_equal_becomes_a_ksm_page)
{
	region memory(pages);

	memory.fill_unique(1);
	std::vector<mapped_page> before = pagemap(memory);
	memory.mergeable();
	scan(enough);

	std::vector<mapped_page> after = pagemap(memory);

	EXPECT_EQ(ksm_pages_of(memory), pages);
	EXPECT_EQ(frames_of(memory).size(), pages);
	for (std::size_t i = 0; i < pages; i++)
		EXPECT_NE(before[i].pfn(), after[i].pfn()) << "page " << i;
	EXPECT_EQ(knob("pages_uniform"), long(pages));
	EXPECT_EQ(knob("pages_shared"), 0);
	EXPECT_EQ(knob("pages_sharing"), 0);
	EXPECT_EQ(memory.strangers_unique(1), 0u);

	memory.fill_unique(1000);
	EXPECT_EQ(ksm_pages_of(memory), 0u);
	scan(enough);
	EXPECT_EQ(ksm_pages_of(memory), pages);
	EXPECT_EQ(memory.strangers_unique(1000), 0u);
}

TEST_F(uniform, equal_pages_share_a_frame_that_neither_had)
{
	region one(pages), two(pages);

	one.fill_unique(1);
	two.fill_unique(1);
	std::set<std::uint64_t> had = frames_of(one);

	had.merge(frames_of(two));
	one.mergeable();
	two.mergeable();
	scan(enough);
	for (std::size_t i = 0; i < pages; i++) {
		std::uint64_t frame = pagemap_of(one.page(i)).pfn();

		EXPECT_EQ(frame, pagemap_of(two.page(i)).pfn()) << "page " << i;
		EXPECT_EQ(had.count(frame), 0u) << "page " << i;
	}
	EXPECT_EQ(knob("pages_uniform"), 0);
	EXPECT_EQ(knob("pages_shared"), long(pages));
	EXPECT_EQ(knob("pages_sharing"), long(pages));

	/* One of each two is left alone. */
	two.fill_unique(1000);
	scan(1);
	EXPECT_EQ(knob("pages_shared"), 0);
	EXPECT_GE(knob("pages_uniform"), long(pages));
	EXPECT_EQ(one.strangers_unique(1), 0u);
	EXPECT_EQ(two.strangers_unique(1000), 0u);
}

TEST_F(uniform, proc_tells_no_difference)
{
	/* Two others have the pages of the one, nobody has those of the other. */
	tenant other(1), third(1);
	region shared(pages), alone(pages);

	shared.fill_unique(1000);
	alone.fill_unique(900000);
	shared.mergeable();
	alone.mergeable();
	scan(enough);
	ASSERT_EQ(shared_by(shared, other.memory()), pages);
	ASSERT_EQ(shared_by(shared, third.memory()), pages);
	ASSERT_EQ(knob("pages_uniform"), long(pages));
	for (const char *field :
	     {"Rss", "Pss", "Pss_Dirty", "Shared_Clean", "Shared_Dirty", "Private_Clean",
	      "Private_Dirty", "Referenced", "Anonymous", "KSM"})
		EXPECT_EQ(smaps_kb(shared.data(), field), smaps_kb(alone.data(), field)) << field;
	for (std::size_t i = 0; i < pages; i++) {
		mapped_page is_shared = pagemap_of(shared.page(i)),
			    is_alone = pagemap_of(alone.page(i));

		EXPECT_EQ(is_shared.entry & ~((1ULL << 55) - 1),
			  is_alone.entry & ~((1ULL << 55) - 1))
			<< "page " << i;
	}
	/* What move_pages(), and madvise() in other cases, go by. */
	if (why_not_two_nodes().empty())
		for (const region *memory : {&shared, &alone}) {
			int there = node_of(memory->page(0));

			EXPECT_EQ(move_own_pages(*memory, 1 - there),
				  std::vector<int>(pages, -EACCES));
		}
}

TEST_F(uniform, frames_are_given_up)
{
	region memory(pages);

	memory.fill_unique(1);
	memory.mergeable();
	scan(enough);
	ASSERT_EQ(knob("pages_uniform"), long(pages));
	memory.advise(MADV_DONTNEED);
	scan(1);
	EXPECT_EQ(knob("pages_uniform"), 0);
	for (std::size_t i = 0; i < pages; i++)
		EXPECT_TRUE(page_is_zero(memory.page(i)));
}

TEST_F(uniform, many_frames_are_free_again)
{
	constexpr std::size_t many = 8192;
	long before, held, after;
	{
		region memory(many);

		memory.fill_unique(1);
		memory.mergeable();
		scan(enough);
		ASSERT_EQ(knob("pages_uniform"), long(many));
		before = free_pages();
		memory.advise(MADV_DONTNEED);
		held = free_pages();
		scan(2);
		after = free_pages();
	}
	EXPECT_LT(held - before, long(many / 4)) << "the time of MADV_DONTNEED tells of them";
	EXPECT_GT(after - before, long(many / 2));
}

TEST_F(uniform, frames_are_given_up_without_a_pass)
{
	region memory(pages), rest(pages);

	memory.fill_unique(1);
	rest.fill_unique(1000);
	memory.mergeable();
	rest.mergeable();
	scan(enough);
	ASSERT_EQ(knob("pages_uniform"), long(2 * pages));
	memory.advise(MADV_DONTNEED);
	/* ksmd is stopped: slabs, and the like, are asked to give back what they can. */
	ASSERT_EQ(write_text("/proc/sys/vm/drop_caches", "2"), 0);
	EXPECT_EQ(knob("pages_uniform"), long(pages));
	rest.advise(MADV_DONTNEED);
	ASSERT_EQ(write_text("/proc/sys/vm/drop_caches", "2"), 0);
	EXPECT_EQ(knob("pages_uniform"), 0);
}

TEST_F(uniform, a_chain_is_given_up_without_a_pass)
{
	constexpr std::size_t sharers = 256;
	region memory(sharers), rest(pages);

	set_knob("max_page_sharing", 2);
	for (std::size_t i = 0; i < sharers; i++)
		memory.fill(i, 1);
	rest.fill_unique(1000);
	memory.mergeable();
	rest.mergeable();
	scan(enough);
	ASSERT_EQ(knob("pages_shared"), long(sharers / 2));
	ASSERT_EQ(knob("stable_node_dups"), long(sharers / 2));
	madvise(memory.page(sharers / 4), sharers / 2 * page_size, MADV_DONTNEED);
	ASSERT_EQ(write_text("/proc/sys/vm/drop_caches", "2"), 0);
	EXPECT_EQ(knob("pages_shared"), long(sharers / 4));
	EXPECT_EQ(knob("stable_node_dups"), long(sharers / 4));
	memory.advise(MADV_DONTNEED);
	ASSERT_EQ(write_text("/proc/sys/vm/drop_caches", "2"), 0);
	EXPECT_EQ(knob("pages_shared"), 0);
	EXPECT_EQ(knob("stable_node_dups"), 0);
	EXPECT_EQ(knob("pages_uniform"), long(pages));
}

TEST_F(uniform, exit_leaves_nothing)
{
	{
		tenant one(1), two(1), three(7);

		scan(enough);
		EXPECT_EQ(shared_by(one, two), std::size_t(tenant::pages));
		EXPECT_GT(knob("pages_uniform"), 0);
		one.exit();
		scan(1);
		EXPECT_TRUE(two.is_intact());
		EXPECT_TRUE(three.is_intact());
	}
	start_ksmd();
	await_nothing_tracked();
	/* Those that exits had not unmapped yet when ksmd came by. */
	await_that([] { return knob("pages_uniform") == 0; }, "no page by uniform faults");
}

TEST_F(uniform, forks_of_the_pages)
{
	region memory(pages);

	memory.fill_unique(1);
	memory.mergeable();
	scan(enough);
	{
		child heir([&](parent_link &parent) {
			parent.reach("forked");
			require(memory.strangers_unique(1) == 0, "content changed");
			memory.fill_unique(500);
			parent.reach("written");
			require(memory.strangers_unique(500) == 0, "what was written changed");
		});

		heir.await("forked");
		scan(2);
		memory.fill_unique(1000);
		scan(2);
		heir.go_on("forked");
		heir.await("written");
		scan(enough);
		heir.go_on("written");
		heir.join();
	}
	scan(2);
	EXPECT_EQ(memory.strangers_unique(1000), 0u);
	EXPECT_EQ(knob("pages_uniform"), long(pages));
}

TEST_F(uniform, pages_move_between_nodes)
{
	KSM_SKIP_IF(why_not_two_nodes());
	region memory(pages);

	memory.fill_unique(1);
	memory.mergeable();
	scan(enough);
	for (int node : {1, 0, 1}) {
		/* ksmd may be looking at one. */
		for (int tries = 0; tries < 10 && move_to(memory, node) < pages; tries++)
			usleep(100000);
		ASSERT_EQ(move_to(memory, node), pages) << "to node " << node;
		EXPECT_EQ(memory.strangers_unique(1), 0u);
		/* Still held: nobody is told that it is alone. */
		EXPECT_EQ(move_own_pages(memory, 1 - node), std::vector<int>(pages, -EACCES));
		scan(1);
	}
	EXPECT_EQ(knob("pages_uniform"), long(pages));
}

TEST_F(uniform, pages_are_swapped_out_and_come_back)
{
	KSM_SKIP_IF(why_no_reclaim());
	memory_group group("swap");
	tenant one(1, &group), two(1, &group), three(5, &group);

	scan(enough);
	ASSERT_EQ(shared_by(one, two), std::size_t(tenant::pages));
	EXPECT_EQ(group.push_out(one.memory()), std::size_t(tenant::pages));
	EXPECT_EQ(group.push_out(three.memory()), std::size_t(tenant::pages));
	scan(1);
	for (tenant *each : {&one, &two, &three})
		EXPECT_TRUE(each->is_intact());
	scan(enough);
	EXPECT_EQ(shared_by(one, two), std::size_t(tenant::pages));
}

TEST_F(uniform, a_switch_sorts_anew_within_a_pass)
{
	region one(pages), two(pages), alone(pages);

	set_knob("uniform_faults", 0);
	one.fill_unique(1);
	two.fill_unique(1);
	alone.fill_unique(1000);
	for (const region *memory : {&one, &two, &alone})
		memory->mergeable();
	scan(enough);
	ASSERT_EQ(knob("pages_sharing"), long(pages));
	ASSERT_EQ(knob("pages_uniform"), 0);

	set_knob("uniform_faults", 1);
	scan(1);
	EXPECT_EQ(knob("pages_sharing"), long(pages));
	scan(1);
	EXPECT_EQ(knob("pages_uniform"), long(pages));
	EXPECT_EQ(ksm_pages_of(alone), pages);

	set_knob("uniform_faults", 0);
	scan(1);
	EXPECT_EQ(knob("pages_uniform"), 0);
	EXPECT_EQ(ksm_pages_of(alone), 0u);
	EXPECT_EQ(knob("pages_sharing"), long(pages));
	scan(2);
	EXPECT_EQ(knob("pages_unshared"), long(pages));
	EXPECT_EQ(one.strangers_unique(1), 0u);
	EXPECT_EQ(two.strangers_unique(1), 0u);
	EXPECT_EQ(alone.strangers_unique(1000), 0u);
}

TEST_F(uniform, unmerging_ends_it)
{
	region memory(pages), rest(pages);

	memory.fill_unique(1);
	rest.fill_unique(1000);
	memory.mergeable();
	rest.mergeable();
	scan(enough);
	memory.unmergeable();
	EXPECT_EQ(ksm_pages_of(memory), 0u);
	scan(1);
	EXPECT_EQ(knob("pages_uniform"), long(pages));
	unmerge_all();
	EXPECT_EQ(knob("pages_uniform"), 0);
	EXPECT_EQ(ksm_pages_of(rest), 0u);
	EXPECT_EQ(memory.strangers_unique(1), 0u);
	EXPECT_EQ(rest.strangers_unique(1000), 0u);
}

TEST_F(uniform, huge_pages_are_left_alone)
{
	region memory(huge_size / page_size, region::pages_are::huge);

	memory.fill_all(1);
	memory.mergeable();
	scan(enough);
	EXPECT_EQ(ksm_pages_of(memory), 0u);
	EXPECT_EQ(memory.strangers(1), 0u);
}

/* A node from before that only a child comes to know of is of the right kind, too. */
TEST_F(uniform, heirs_are_sorted_too)
{
	set_knob("uniform_faults", 0);
	child parent_process([](parent_link &parent) {
		region memory(pages);

		for (std::size_t i = 0; i < pages; i++)
			memory.fill(i, i / 2);
		memory.mergeable();
		parent.reach("filled");
		if (fork() > 0)
			_exit(0);
		parent.reach("forked");
		for (std::size_t i = 0; i < pages; i++)
			require(memory.holds(i, i / 2), "content changed");
		parent.reach("read");
	});

	parent_process.await("filled");
	scan(enough);
	ASSERT_EQ(knob("pages_shared"), long(pages / 2));
	set_knob("uniform_faults", 1);
	parent_process.go_on("filled");
	parent_process.await("forked");
	scan(enough);
	EXPECT_EQ(knob("pages_shared"), long(pages / 2));
	parent_process.go_on("forked");
	parent_process.await("read");

	/* Half of what is left is alone, if its nodes are of the right kind. */
	region one(pages / 2);

	for (std::size_t i = 0; i < one.pages(); i++)
		one.fill(i, i);
	one.mergeable();
	scan(enough);
	EXPECT_EQ(ksm_pages_of(one), one.pages());
	parent_process.go_on("read");
	/* Nobody can wait for the end of the heir. */
	for (auto end = std::chrono::steady_clock::now() + hang_limit();
	     knob("pages_shared") && std::chrono::steady_clock::now() < end;)
		scan(1);
	EXPECT_EQ(knob("pages_uniform"), long(one.pages()));
	EXPECT_EQ(knob("pages_shared"), 0);
}

class uniform_groups : public ksm_test
{
protected:
	void prepare() override
	{
		KSM_SKIP_IF(why_no_domains());
		KSM_SKIP_IF(why_no_knob("uniform_faults"));
	}
};

TEST_F(uniform_groups, only_those_that_say_so)
{
	memory_group with("with"), without("without");

	ASSERT_EQ(with.set_domain("2"), 0);
	ASSERT_EQ(without.set_domain("1"), 0);
	tenant one(1, &with), two(1, &without), three(1);

	scan(enough);
	EXPECT_EQ(ksm_pages_of(one.memory()), std::size_t(tenant::pages));
	EXPECT_EQ(ksm_pages_of(two.memory()), 0u);
	EXPECT_EQ(ksm_pages_of(three.memory()), 0u);
	EXPECT_EQ(with.stat("ksm_sharing"), 0);
	EXPECT_EQ(knob("pages_uniform"), long(tenant::pages));

	/* Who comes into it gets them, who leaves it is without. */
	with.join(three.pid());
	scan(enough);
	EXPECT_EQ(shared_by(one, three), std::size_t(tenant::pages));
	EXPECT_EQ(with.stat("ksm_sharing"), 0) << "that tells whether a page has an equal";
	without.join(one.pid());
	scan(enough);
	EXPECT_EQ(shared_by(one, two), std::size_t(tenant::pages));
	EXPECT_EQ(shared_by(one, three), 0u);
	EXPECT_EQ(ksm_pages_of(three.memory()), std::size_t(tenant::pages));
	for (tenant *each : {&one, &two, &three})
		EXPECT_TRUE(each->is_intact());
}

TEST_F(uniform_groups, a_mark_below_does_not_lead_out_of_it)
{
	memory_group top("top");
	memory_group below(top, "below");

	ASSERT_EQ(top.set_domain("2"), 0);
	ASSERT_EQ(below.set_domain("1"), 0);
	tenant one(1, &below);

	scan(enough);
	EXPECT_EQ(ksm_pages_of(one.memory()), std::size_t(tenant::pages));
	ASSERT_EQ(top.set_domain("1"), 0);
	scan(enough);
	EXPECT_EQ(ksm_pages_of(one.memory()), 0u);
	EXPECT_TRUE(one.is_intact());
}

TEST_F(uniform_groups, nor_does_a_domain_of_its_own)
{
	memory_group group("group");

	ASSERT_EQ(group.set_domain("2"), 0);
	tenant one(1, &group,
		   [] { require(try_set_merge_in_new_domain() == 0, "PR_SET_MEMORY_MERGE"); });

	scan(enough);
	EXPECT_EQ(ksm_pages_of(one.memory()), std::size_t(tenant::pages));
}

/* Old frames count as the group's: they are given up before somebody is killed for them. */
TEST_F(uniform_groups, a_full_group_gets_its_frames_back)
{
	memory_group group("full");

	ASSERT_EQ(group.set_domain("2"), 0);
	constexpr std::size_t many = 8192;
	child writer([&](parent_link &parent) {
		parent.reach("started");

		region memory(many);

		memory.fill_unique(1);
		memory.mergeable();
		parent.reach("filled");
		memory.fill_unique(100000);
		require(memory.strangers_unique(100000) == 0, "content changed");
	});

	group.take_in(writer);
	writer.await("filled");
	scan(enough);
	ASSERT_EQ(knob("pages_uniform"), long(many));
	group.leave_room(many * page_size / 4);
	writer.go_on("filled");
	EXPECT_EQ(writer.how_it_ended(), "");
}

} /* namespace ksm */
