// SPDX-License-Identifier: GPL-2.0
/*
 * KSM pages that only a child still maps: the process that ksmd has merged them for
 * has gone, and ksmd has not come to the child yet, or never comes. Every mapping is
 * found all the same.
 */
#include <csignal>
#include <exception>
#include <memory>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include "support/cgroup.hpp"
#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/ksm_pages.hpp"
#include "support/pagemap.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"
#include "support/sysfs.hpp"

namespace ksm
{

namespace
{

constexpr std::size_t pages = 512, folios = pages / 2;

/* What ksmd does, and for how long it may, while the memory is handed down. */
struct handing_down {
	const char *name;
	long run, pages_to_scan, sleep_millisecs;
	unsigned generations;
};

constexpr handing_down ways[] = {
	{"ksmd_is_stopped", 0, 10000, 0, 1},
	{"ksmd_looks_at_no_page", 1, 0, 10, 1},
	{"forks_outrun_ksmd", 1, 1, 20, 200},
};

/* A process whose forebears have merged its memory, and are gone. */
class heir
{
public:
	heir(const handing_down &way, const memory_group *group = nullptr);
	~heir()
	{
		kill(memory_.pid(), SIGKILL);
		for (int i = 0; i < 1000 && !has_ended(); i++)
			usleep(10000);
	}
	heir(const heir &) = delete;
	heir &operator=(const heir &) = delete;

	const page_range &memory() const { return memory_; }
	/* Pages that do not hold what they should. */
	std::uint64_t strangers()
	{
		first_.go_on("looking");
		return first_.await("strangers");
	}

private:
	/* It is somebody else's child. Until then its pages stay in the books. */
	bool has_ended() const
	{
		try {
			return read_text("/proc/" + std::to_string(memory_.pid()) + "/stat")
				       .find(") Z ") != std::string::npos;
		} catch (const std::exception &) {
			return true;
		}
	}

	[[noreturn]] static void hand_down(parent_link &parent, unsigned generations);

	child first_; /* its pipes lead to the heir */
	page_range memory_{0, nullptr, 0};
};

heir::heir(const handing_down &way, const memory_group *group)
	: first_([&](parent_link &parent) { hand_down(parent, way.generations); })
{
	if (group)
		group->take_in(first_);
	else
		first_.reach("started");
	std::uint64_t address = first_.await("offered");

	scan(3);
	set_knob("pages_to_scan", way.pages_to_scan);
	set_knob("sleep_millisecs", way.sleep_millisecs);
	set_knob("run", way.run);
	first_.go_on("offered");
	memory_ = page_range(pid_t(first_.await("handed down")), address, pages);
	std::string error = first_.how_it_ended();

	require(error.empty(), "the first process: " + error);
}

void heir::hand_down(parent_link &parent, unsigned generations)
{
	parent.reach("started");
	region own(pages);

	for (std::size_t i = 0; i < pages; i++)
		own.fill(i, i / 2);
	own.mergeable();
	parent.reach("offered", own.data());
	for (unsigned i = 0; i < generations; i++) {
		pid_t next = fork();

		require(next >= 0, "fork");
		if (next > 0)
			_exit(0);
	}
	parent.tell("handed down", std::uint64_t(getpid()));
	for (;;) {
		parent.await("looking");
		std::uint64_t wrong = 0;

		for (std::size_t i = 0; i < pages; i++)
			wrong += !own.holds(i, i / 2);
		parent.tell("strangers", wrong);
	}
}

} /* namespace */

class heirs : public ksm_test
{
};

class handed_down : public heirs, public testing::WithParamInterface<handing_down>
{
protected:
	/* Nothing that is mapped drops out of the books. */
	static void expect_counted(const heir &last)
	{
		ksm_truth truth = truth_of(last.memory());

		EXPECT_EQ(truth.total(), pages);
		EXPECT_EQ(truth.frames(), folios);
		EXPECT_EQ(knob("pages_shared"), long(folios));
	}
};

/* Forebears that are not done with their exit may hold pages for a moment. */
static std::size_t move_in_the_end(const heir &last, int node)
{
	std::size_t moved = 0;

	for (int tries = 0; tries < 100 && moved != pages; tries++) {
		if (tries)
			usleep(100000);
		moved = move_to(last.memory(), node);
	}
	return moved;
}

TEST_P(handed_down, pages_are_counted)
{
	heir last(GetParam());

	expect_counted(last);
	stop_ksmd();
	set_knob("pages_to_scan", 10000);
	set_knob("sleep_millisecs", 0L);
	scan(3);
	EXPECT_EQ(knob("pages_shared"), long(folios));
	EXPECT_EQ(knob("pages_sharing"), long(pages - folios));
	EXPECT_EQ(last.strangers(), 0u);
}

TEST_P(handed_down, pages_move)
{
	KSM_SKIP_IF(why_not_two_nodes());
	heir last(GetParam());

	for (int node : {1, 0, 1})
		EXPECT_EQ(move_in_the_end(last, node), pages) << "to node " << node;
	expect_counted(last);
	EXPECT_EQ(last.strangers(), 0u);
}

TEST_P(handed_down, pages_go_to_swap)
{
	KSM_SKIP_IF(why_no_reclaim());
	memory_group group;
	heir last(GetParam(), &group);

	EXPECT_EQ(group.push_out(last.memory()), pages);
	EXPECT_EQ(last.strangers(), 0u);
}

INSTANTIATE_TEST_SUITE_P(heirs, handed_down, testing::ValuesIn(ways),
			 [](const auto &each) { return each.param.name; });

/* ksmd has come to a child by itself, and what the child was forked from is not its business. */
TEST_F(heirs, pages_that_a_forebear_maps_move)
{
	KSM_SKIP_IF(why_not_two_nodes());
	region own(pages);

	for (std::size_t i = 0; i < pages; i++)
		own.fill(i, i / 2);
	child other([&](parent_link &parent) {
		own.mergeable();
		parent.reach("offered");
	});

	other.await("offered");
	scan(3);
	ASSERT_EQ(truth_of(own).total(), folios);
	EXPECT_EQ(knob("pages_shared"), long(folios));
	EXPECT_EQ(knob("pages_sharing"), long(pages - folios)) << "what was not offered counts";
	for (int node : {1, 0, 1}) {
		std::size_t moved = 0;

		for (int tries = 0; tries < 100 && moved != pages; tries++)
			moved = move_to(own, node);
		EXPECT_EQ(moved, pages) << "to node " << node;
	}
	other.go_on("offered");
	other.join();
	for (std::size_t i = 0; i < pages; i++)
		ASSERT_TRUE(own.holds(i, i / 2)) << "page " << i;
}

/* What the last of them leaves is looked at soon, however many others come and go. */
TEST_F(heirs, are_forgotten_while_others_exit)
{
	auto last = std::make_unique<heir>(ways[0]);
	child others([](parent_link &parent) {
		region own(1);

		own.mergeable();
		parent.reach("offered");
		for (;;) {
			pid_t next = fork();

			require(next >= 0, "fork");
			if (!next)
				_exit(0);
			waitpid(next, nullptr, 0);
			usleep(20000);
		}
	});

	ASSERT_EQ(knob("pages_shared"), long(folios));
	others.reach("offered");
	last.reset();
	for (int tries = 0; tries < 600 && knob("pages_shared"); tries++)
		usleep(100000);
	EXPECT_EQ(knob("pages_shared"), 0);
	others.kill();
}

} /* namespace ksm */
