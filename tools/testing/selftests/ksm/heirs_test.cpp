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
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "support/cgroup.h"
#include "support/child.h"
#include "support/fixture.h"
#include "support/ksm_pages.h"
#include "support/pagemap.h"
#include "support/passes.h"
#include "support/process.h"
#include "support/region.h"
#include "support/sysfs.h"

namespace ksm
{

namespace
{

constexpr std::size_t pages = 512, folios = pages / 2;

/* What ksmd does, and for how long it may, while the memory is handed down. */
struct handing_down {
	const char *when;
	long run, pages_to_scan, sleep_millisecs;
	unsigned generations;
};

constexpr handing_down ways[] = {
	{"ksmd is stopped", 0, 10000, 0, 1},
	{"ksmd looks at no page", 1, 0, 10, 1},
	{"a chain of forks outruns ksmd", 1, 1, 20, 200},
};

/* A process whose forebears have merged its memory, and are gone. */
class heir
{
public:
	heir(const handing_down &way, const memory_group *group = nullptr);
	~heir()
	{
		kill(pid_, SIGKILL);
		for (int i = 0; i < 1000 && !has_ended(); i++)
			usleep(10000);
	}
	heir(const heir &) = delete;
	heir &operator=(const heir &) = delete;

	pid_t pid() const { return pid_; }
	char *data() const { return data_; }
	std::vector<void *> all_pages() const
	{
		std::vector<void *> all(pages);

		for (std::size_t i = 0; i < pages; i++)
			all[i] = data_ + i * page_size;
		return all;
	}
	ksm_truth truth() const
	{
		ksm_truth result;

		result.add({pid_, data_, pages});
		return result;
	}
	/* Pages that do not hold what they should. */
	std::uint64_t strangers()
	{
		first_->send();
		return first_->receive();
	}

private:
	/* It is somebody else's child. Until then its pages stay in the books. */
	bool has_ended() const
	{
		try {
			return read_text("/proc/" + std::to_string(pid_) + "/stat").find(") Z ") !=
			       std::string::npos;
		} catch (const std::exception &) {
			return true;
		}
	}

	std::unique_ptr<child> first_; /* its pipes lead to the heir */
	char *data_;
	pid_t pid_;
};

heir::heir(const handing_down &way, const memory_group *group)
{
	first_ = std::make_unique<child>([&](parent_link &parent) {
		parent.receive();
		region own(pages);

		for (std::size_t i = 0; i < pages; i++)
			own.fill(i, i / 2);
		own.mergeable();
		parent.send(reinterpret_cast<std::uint64_t>(own.data()));
		parent.receive();
		for (unsigned i = 0; i < way.generations; i++) {
			pid_t next = fork();

			require(next >= 0, "fork");
			if (next > 0)
				_exit(0);
		}
		parent.send(std::uint64_t(getpid()));
		for (;;) {
			parent.receive();
			std::uint64_t wrong = 0;

			for (std::size_t i = 0; i < pages; i++)
				wrong += !own.holds(i, i / 2);
			parent.send(wrong);
		}
	});
	if (group)
		group->join(first_->pid());
	first_->send();
	data_ = reinterpret_cast<char *>(first_->receive());
	set_knob("pages_to_scan", 10000);
	set_knob("sleep_millisecs", 0L);
	scan(3);
	set_knob("pages_to_scan", way.pages_to_scan);
	set_knob("sleep_millisecs", way.sleep_millisecs);
	set_knob("run", way.run);
	first_->send();
	pid_ = pid_t(first_->receive());
	require(first_->how_it_ended().empty(), "the first process did not end well");
}

} /* namespace */

class heirs : public ksm_test
{
protected:
	/* Nothing that is mapped drops out of the books. */
	static void expect_counted(const heir &last)
	{
		ksm_truth truth = last.truth();

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
		moved = move_to(last.pid(), last.all_pages(), node);
	}
	return moved;
}

TEST_F(heirs, pages_are_counted)
{
	for (const handing_down &way : ways) {
		SCOPED_TRACE(way.when);
		heir last(way);

		expect_counted(last);
		stop_ksmd();
		set_knob("pages_to_scan", 10000);
		set_knob("sleep_millisecs", 0L);
		scan(3);
		EXPECT_EQ(knob("pages_shared"), long(folios));
		EXPECT_EQ(knob("pages_sharing"), long(pages - folios));
		EXPECT_EQ(last.strangers(), 0u);
	}
}

TEST_F(heirs, pages_move)
{
	KSM_SKIP_IF(why_not_two_nodes());
	for (const handing_down &way : ways) {
		SCOPED_TRACE(way.when);
		heir last(way);

		for (int node : {1, 0, 1})
			EXPECT_EQ(move_in_the_end(last, node), pages) << "to node " << node;
		expect_counted(last);
		EXPECT_EQ(last.strangers(), 0u);
	}
}

TEST_F(heirs, pages_go_to_swap)
{
	KSM_SKIP_IF(why_no_reclaim());
	memory_group group;

	for (const handing_down &way : ways) {
		SCOPED_TRACE(way.when);
		heir last(way, &group);

		EXPECT_EQ(group.push_out({last.pid(), last.data(), pages}), pages);
		EXPECT_EQ(last.strangers(), 0u);
	}
}

/* ksmd has come to a child by itself, and what the child was forked from is not its business. */
TEST_F(heirs, pages_that_a_forebear_maps_move)
{
	KSM_SKIP_IF(why_not_two_nodes());
	region own(pages);
	std::vector<void *> all(pages);

	for (std::size_t i = 0; i < pages; i++) {
		own.fill(i, i / 2);
		all[i] = own.page(i);
	}
	child heir([&](parent_link &parent) {
		own.mergeable();
		parent.meet();
	});

	heir.arrived();
	scan(3);
	ASSERT_EQ(truth_of(own).total(), folios);
	for (int node : {1, 0, 1}) {
		std::size_t moved = 0;

		for (int tries = 0; tries < 100 && moved != pages; tries++)
			moved = move_to(getpid(), all, node);
		EXPECT_EQ(moved, pages) << "to node " << node;
	}
	heir.release();
	heir.join();
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
		parent.meet();
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
	others.arrived();
	others.release();
	last.reset();
	for (int tries = 0; tries < 600 && knob("pages_shared"); tries++)
		usleep(100000);
	EXPECT_EQ(knob("pages_shared"), 0);
	others.kill();
}

} /* namespace ksm */
