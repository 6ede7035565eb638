// SPDX-License-Identifier: GPL-2.0
/*
 * Domains of memory cgroups: memory is merged within them only, and who comes into another
 * one shares nothing any more with those of the one that he was in.
 */
#include <cerrno>
#include <csignal>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/cgroup.hpp"
#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/ksm_pages.hpp"
#include "support/limits.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"
#include "support/sysfs.hpp"
#include "support/tenant.hpp"

namespace ksm
{

namespace
{

constexpr std::size_t pages = tenant::pages;

} /* namespace */

class group_domains : public ksm_test
{
protected:
	void prepare() override { KSM_SKIP_IF(why_no_domains()); }

	static void mark(const memory_group &group, const std::string &value = "1")
	{
		ASSERT_EQ(group.set_domain(value), 0);
	}
};

TEST_F(group_domains, file)
{
	memory_group group("file");

	EXPECT_EQ(group.domain(), "0");
	for (const char *bad : {"3", "4", "-1", "01x", "\n", " ", "1 1", "yes", "4294967297"}) {
		EXPECT_EQ(group.set_domain(bad), EINVAL) << "'" << bad << "'";
		EXPECT_EQ(group.domain(), "0");
	}
	for (const char *good : {"1", "2", "1", "0", "1\n"}) {
		EXPECT_EQ(group.set_domain(good), 0) << good;
		EXPECT_EQ(group.domain(), std::string(1, good[0]));
	}
}

TEST_F(group_domains, merge_within_only)
{
	memory_group one("one"), two("two"), three("three");

	mark(one);
	mark(two);
	tenant a(1, &one), b(1, &one), c(1, &two), d(1, &two), e(1, &three), f(1);

	scan(3);
	EXPECT_EQ(shared_by(a, b), pages);
	EXPECT_EQ(shared_by(c, d), pages);
	EXPECT_EQ(shared_by(e, f), pages) << "unmarked groups are one domain";
	EXPECT_EQ(shared_by(a, c), 0u);
	EXPECT_EQ(shared_by(a, e), 0u);
	EXPECT_EQ(shared_by(c, e), 0u);
	EXPECT_EQ(knob("domain_pending"), 0);
	EXPECT_EQ(knob("pages_shared"), long(3 * pages));
	EXPECT_EQ(knob("pages_sharing"), long(3 * pages));
	for (tenant *each : {&a, &b, &c, &d, &e, &f})
		EXPECT_TRUE(each->is_intact());
}

TEST_F(group_domains, nearest_marked_ancestor_decides)
{
	memory_group top("top");
	memory_group plain(top, "plain"), own(top, "own");
	memory_group below(plain, "below");

	mark(top);
	mark(own);
	tenant a(1, &below), b(1, &below), c(1, &own), outside(1);

	scan(3);
	EXPECT_EQ(shared_by(a, b), pages);
	EXPECT_EQ(shared_by(a, c), 0u);
	EXPECT_EQ(shared_by(a, outside), 0u);
	EXPECT_EQ(shared_by(c, outside), 0u);

	/* Without a mark of its own it belongs to what is above it. */
	mark(own, "0");
	scan(3);
	EXPECT_EQ(shared_by(a, c), pages);
	EXPECT_EQ(shared_by(a, outside), 0u);
}

TEST_F(group_domains, who_moves_shares_nothing_after_a_pass)
{
	memory_group group("moves");

	mark(group);
	tenant a, b;

	scan(3);
	ASSERT_EQ(shared_by(a, b), pages);
	group.join(a.pid());
	EXPECT_EQ(knob("domain_pending"), long(pages)) << "before ksmd has come by";
	scan(1);
	EXPECT_EQ(shared_by(a, b), 0u);
	EXPECT_EQ(knob("domain_pending"), 0);
	EXPECT_TRUE(a.is_intact());
	EXPECT_TRUE(b.is_intact());
}

TEST_F(group_domains, nothing_new_is_shared_with_who_has_moved)
{
	memory_group group("new");

	mark(group);
	tenant a, b;

	scan(3);
	ASSERT_EQ(shared_by(a, b), pages);
	group.join(a.pid());
	/* What it would be merged with is still mapped by the one that has moved. */
	tenant late;
	stepper steps;

	for (int i = 0; i < 6; i++) {
		steps.pass();
		EXPECT_EQ(shared_by(a, late), 0u) << "pass " << i;
	}
	EXPECT_EQ(shared_by(b, late), pages);
	EXPECT_EQ(shared_by(a, b), 0u);
}

TEST_F(group_domains, unmerged_pages_move_too)
{
	memory_group group("unmerged");

	mark(group);
	tenant a;

	scan(3);
	ASSERT_EQ(knob("pages_unshared"), long(pages));
	group.join(a.pid());
	tenant outside(1), inside(1, &group);

	scan(3);
	EXPECT_EQ(shared_by(a, outside), 0u);
	EXPECT_EQ(shared_by(a, inside), pages);
}

/* All that they share among themselves goes with them, and is not copied. */
TEST_F(group_domains, a_group_that_gets_a_domain_keeps_its_shares)
{
	memory_group group("gets");
	tenant a(1, &group), b(1, &group), c(2, &group), outside(2);

	scan(3);
	ASSERT_EQ(shared_by(a, b), pages);
	ASSERT_EQ(shared_by(c, outside), pages);

	long copies = vmstat("cow_ksm");
	mark(group);
	scan(1);
	EXPECT_EQ(shared_by(a, b), pages);
	EXPECT_EQ(shared_by(c, outside), 0u);
	EXPECT_EQ(vmstat("cow_ksm") - copies, long(pages)) << "those of one, and no others";
	EXPECT_EQ(knob("domain_pending"), 0);

	tenant late(1, &group), stranger(1);
	scan(3);
	EXPECT_EQ(shared_by(a, late), pages) << "they are found by whoever comes";
	EXPECT_EQ(shared_by(a, stranger), 0u);

	mark(group, "0");
	scan(4);
	EXPECT_EQ(shared_by(c, outside), pages);
	EXPECT_TRUE(a.is_intact());
}

TEST_F(group_domains, children_that_start_elsewhere)
{
	memory_group group("fork");

	mark(group);
	child family([](parent_link &parent) {
		region memory(pages);

		memory.fill_unique(1000);
		memory.mergeable();
		parent.reach("filled", memory.data());
		child heir([&](parent_link &above) {
			above.reach("forked");
			require(memory.strangers_unique(1000) == 0, "content changed");
		});
		heir.await("forked");
		parent.reach("forked", std::uint64_t(heir.pid()));
		heir.go_on("forked");
		heir.join();
	});
	std::uint64_t at = family.await("filled");
	page_range memory(family.pid(), at, pages);
	tenant other;

	scan(3);
	ASSERT_EQ(truth_of(memory).total(), pages);
	family.go_on("filled");
	pid_t heir = static_cast<pid_t>(family.await("forked"));
	group.join(heir);
	scan(2);

	EXPECT_EQ(shared_by(memory, page_range(heir, at, pages)), 0u);
	EXPECT_EQ(knob("domain_pending"), 0);
	family.go_on("forked");
	family.join();
}

TEST_F(group_domains, nobody_is_killed_for_a_copy)
{
	memory_group group("full");

	mark(group);
	tenant a, b;

	scan(3);
	ASSERT_EQ(shared_by(a, b), pages);
	group.join(a.pid());
	group.leave_room(16 * page_size);
	scan(2);
	EXPECT_GT(shared_by(a, b), 0u) << "the group has room for all copies";
	EXPECT_EQ(knob("domain_pending"), long(shared_by(a, b)));
	EXPECT_TRUE(a.is_intact()) << "it has been killed";

	/* Nor does it keep others from sharing that content. */
	tenant c, d;
	scan(3);
	EXPECT_EQ(shared_by(c, d), pages);
	EXPECT_EQ(shared_by(a, c), 0u);
	EXPECT_EQ(shared_by(a, d), 0u);

	group.no_limit();
	scan(1);
	EXPECT_EQ(shared_by(a, b), 0u);
	EXPECT_EQ(knob("domain_pending"), 0);
	EXPECT_TRUE(a.is_intact());
}

TEST_F(group_domains, nothing_keeps_a_group)
{
	auto live_and_die = [] {
		memory_group group("gone");

		mark(group);
		{
			tenant a(1, &group), b(1, &group);

			scan(3);
			ASSERT_EQ(shared_by(a, b), pages);
			a.exit();
			b.exit();
		}
		/* ksmd is stopped, and knows of nothing yet. */
		EXPECT_TRUE(group.remove());
		start_ksmd();
		await_nothing_tracked();
		stop_ksmd();
	};

	live_and_die();
	long bytes = knob("metadata_bytes");
	for (int i = 0; i < 8; i++)
		live_and_die();
	/* There may have been more than at the end, but eight times as much is not left. */
	EXPECT_LE(knob("metadata_bytes"), bytes);
}

/* Who made the memory decides, and then who is left. */
TEST_F(group_domains, memory_of_several_processes)
{
	memory_group first("first"), second("second");

	mark(first);
	mark(second);
	tenant in_first(1, &first), in_second(1, &second);
	child family([](parent_link &parent) {
		/* Not on the stack of a process that ends first. */
		static region *memory;
		static char stack[64 << 10];

		parent.reach("started");
		memory = new region(pages);
		memory->fill_unique(1000);
		memory->mergeable();
		parent.reach("filled", memory->data());
		pid_t other = clone(
			[](void *) {
				for (;;)
					pause();
				return 0;
			},
			stack + sizeof(stack), CLONE_VM | CLONE_PARENT | SIGCHLD, nullptr);
		parent.reach("cloned", std::uint64_t(other));
		_exit(0);
	});

	first.take_in(family);
	std::uint64_t at = family.reach("filled");
	pid_t other = static_cast<pid_t>(family.await("cloned"));
	page_range memory(other, at, pages);

	second.join(other);
	scan(3);
	EXPECT_EQ(shared_by(in_first.memory(), memory), pages) << "its owner is in the first";
	EXPECT_EQ(shared_by(in_second.memory(), memory), 0u);
	EXPECT_EQ(knob("domain_pending"), 0);

	family.go_on("cloned");
	family.join();
	scan(3);
	EXPECT_EQ(shared_by(in_first.memory(), memory), 0u);
	EXPECT_EQ(shared_by(in_second.memory(), memory), pages) << "who is left is in the second";
	EXPECT_EQ(knob("domain_pending"), 0);
	kill(other, SIGKILL);
	waitpid(other, nullptr, 0);
}

TEST_F(group_domains, not_one_of_a_million_pairs)
{
	constexpr std::size_t many = 4096;
	memory_group one("one"), two("two");

	mark(one);
	mark(two);
	auto life = [](parent_link &parent) {
		region memory(many);

		memory.mergeable();
		parent.reach("started");
		for (std::uint64_t round = 1;; round++) {
			memory.fill_unique(round * many);
			parent.reach("filled", memory.data());
		}
	};
	child a(life), b(life);

	one.take_in(a);
	two.take_in(b);
	for (std::size_t round = 0; round < scaled(1000000 / many); round++) {
		page_range of_a(a.pid(), a.await("filled"), many);
		page_range of_b(b.pid(), b.await("filled"), many);

		scan(2);
		ASSERT_EQ(knob("pages_unshared"), long(2 * many)) << "round " << round;
		ASSERT_EQ(knob("pages_sharing"), 0) << "round " << round;
		if (round == 0) {
			EXPECT_EQ(shared_by(of_a, of_b), 0u);
		}
		a.go_on("filled");
		b.go_on("filled");
	}
}

TEST_F(group_domains, each_is_told_what_is_shared_in_it)
{
	memory_group top("top");
	memory_group one(top, "one"), two(top, "two"), plain(top, "plain");

	mark(one);
	mark(two);
	tenant a(1, &one), b(1, &one), c(1, &one), d(1, &two), e(1, &two), f(1, &plain), g(1);

	scan(3);
	for (auto [group, shared, sharing] : {std::tuple(&one, 1, 2), std::tuple(&two, 1, 1),
					      std::tuple(&plain, 0, 0), std::tuple(&top, 2, 3)}) {
		EXPECT_EQ(group->stat("ksm_shared"), long(shared * pages * page_size));
		EXPECT_EQ(group->stat("ksm_sharing"), long(sharing * pages * page_size));
	}
	a.exit();
	b.exit();
	two.join(f.pid());
	scan(3);
	EXPECT_EQ(one.stat("ksm_sharing"), 0);
	EXPECT_EQ(two.stat("ksm_sharing"), long(2 * pages * page_size));
	EXPECT_EQ(top.stat("ksm_sharing"), long(2 * pages * page_size));
}

TEST_F(group_domains, groups_that_nobody_uses_cost_nothing)
{
	std::vector<std::unique_ptr<memory_group>> groups;
	region own(1);

	own.fill(0, 1);
	own.mergeable();
	scan(2);
	long bytes = knob("metadata_bytes");
	for (std::size_t i = 0; i < scaled(500); i++) {
		groups.push_back(std::make_unique<memory_group>("unused" + std::to_string(i)));
		mark(*groups.back());
	}
	scan(2);
	EXPECT_LE(knob("metadata_bytes"), bytes);
}

TEST_F(group_domains, groups_come_and_go_while_ksmd_is_at_work)
{
	start_ksmd();
	for (std::size_t round = 0; round < scaled(20); round++) {
		memory_group one("round1"), two("round2");

		mark(one);
		tenant a(1, &one), b(1, &one), c(1, &two), outside(1);

		await_scans(1);
		mark(two);
		one.join(c.pid());
		two.join(b.pid());
		await_scans(1);
		mark(one, "0");
		await_scans(2);
		EXPECT_EQ(shared_by(b, outside), 0u);
		EXPECT_EQ(shared_by(b, a), 0u);
		for (tenant *each : {&a, &b, &c, &outside})
			EXPECT_TRUE(each->is_intact());
	}
	await_nothing_tracked();
	stop_ksmd();
}

} /* namespace ksm */
