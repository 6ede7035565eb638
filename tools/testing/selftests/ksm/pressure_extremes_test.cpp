// SPDX-License-Identifier: GPL-2.0
/* What else may happen while memory runs short, and ksmd is to free some: it comes to an end. */
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/sysfs.hpp"
#include "support/cgroup.hpp"
#include "support/child.hpp"
#include "support/faults.hpp"
#include "support/memory_block.hpp"
#include "support/passes.hpp"
#include "support/pressure.hpp"
#include "support/process.hpp"
#include "support/region.hpp"
#include "support/verdict.hpp"

namespace ksm
{

class extreme_pressure : public pressure
{
protected:
	void TearDown() override
	{
		/* Whoever was killed in the middle of anything has left nothing. */
		if (!IsSkipped() && !HasFatalFailure()) {
			EXPECT_EQ(try_knob("run", "2"), 0);
			expect_nothing_counted();
		}
		pressure::TearDown();
	}

	/*
	 * Takes pieces of four pages that lie together, which the allocator does not give up
	 * on by itself: a pipe of 1 MiB has an array of 10 KiB.
	 */
	static child::body order_2_allocator(const verdict &told, std::size_t most)
	{
		return [&told, most](parent_link &parent) {
			const struct rlimit files = {2 * most + 64, 2 * most + 64};
			int ends[2];

			/* It maps nothing of what it takes. */
			be_killed_first();
			require(setrlimit(RLIMIT_NOFILE, &files) == 0, "RLIMIT_NOFILE");
			parent.reach("started");
			for (std::size_t i = 0; i < most; i++)
				if (pipe(ends) || fcntl(ends[0], F_SETPIPE_SZ, 1 << 20) < 0) {
					told.give(errno);
					return;
				}
			told.give(0);
		};
	}

	/* Holds so many pages, each with another content, until it is let go. */
	static child::body holder(std::size_t pages)
	{
		return [=](parent_link &parent) {
			region own(pages);

			allow_to_be_killed(false);
			own.mergeable();
			own.fill_unique(1);
			parent.reach("filled");
			require(own.strangers_unique(1) == 0, "content changed");
		};
	}

	/* ksmd does not get what it needs for the run, either. */
	template <class failures> void write_while_ksmd_fails();
};

/* By an error, or by a kill. */
TEST_F(extreme_pressure, an_allocator_of_order_2_does_not_go_on_for_ever)
{
	constexpr std::size_t most = left; /* four times what there is */
	verdict told;
	child beside(holder(left / 2));
	child allocator(order_2_allocator(told, most));

	start_ksmd();
	beside.await("filled");
	allocator.reach("started");

	std::string end = allocator.how_it_ended();

	if (end.empty())
		EXPECT_EQ(told.wait(0), ENOMEM);
	else
		EXPECT_NE(end.find("signal 9"), std::string::npos) << end;
	EXPECT_GT(knob("pressure_runs"), runs_before());
	beside.go_on("filled");
	beside.join();
	stop_ksmd();
}

template <class failures> void extreme_pressure::write_while_ksmd_fails()
{
	KSM_SKIP_IF(why_no_faults());
	for (unsigned percent : {100, 50, 10}) {
		failures some(ksmd_pid(), percent);
		child one(writer(2 * left, 1000));

		start_ksmd();
		one.reach("started");
		/* Killed or not: what it has read was right. */
		EXPECT_EQ(one.how_it_ended().find("content"), std::string::npos);
		stop_ksmd();
	}
	EXPECT_GT(knob("pressure_runs"), runs_before());
}

TEST_F(extreme_pressure, slab_objects_that_ksmd_does_not_get)
{
	write_while_ksmd_fails<slab_failures>();
}

TEST_F(extreme_pressure, pages_that_ksmd_does_not_get)
{
	write_while_ksmd_fails<page_failures>();
}

/*
 * What is merged is copied while there is no memory for it: whoever asks for that goes first
 * where somebody has to be killed.
 */
TEST_F(extreme_pressure, unmerging_while_memory_runs_out)
{
	child one(writer(2 * left, 1000));
	child unmerger([](parent_link &parent) {
		be_killed_first();
		parent.reach("started");
		for (;;) {
			int err = try_knob("run", "2");

			require(err == 0 || err == ENOMEM || err == EINTR || err == EAGAIN,
				"run=2 gives " + std::to_string(err));
			require(try_knob("run", "1") == 0, "run=1");
			usleep(20000);
		}
	});

	start_ksmd();
	unmerger.reach("started");
	one.reach("started");
	EXPECT_EQ(one.how_it_ended().find("content"), std::string::npos);
	::kill(unmerger.pid(), SIGKILL);

	std::string end = unmerger.how_it_ended();

	EXPECT_NE(end.find("signal 9"), std::string::npos) << end;
	stop_ksmd();
}

/* A block of memory comes and goes: what it held has to go where there is no room. */
TEST_F(extreme_pressure, memory_is_taken_away)
{
	const std::vector<memory_block> blocks = memory_block::all_movable();

	if (blocks.empty() || blocks[0].is_online())
		GTEST_SKIP() << memory_block::none;
	const memory_block &block = blocks[0];
	std::atomic<bool> over = false;
	std::atomic<int> error = 0;
	child one(writer(3 * left, 1000));
	std::thread plugger([&] {
		while (!over && !error) {
			error = block.put_online();
			usleep(200000);
			while (!over && !block.take_offline(std::chrono::seconds(2)).empty())
				usleep(100000);
		}
	});

	start_ksmd();
	one.reach("started");
	EXPECT_EQ(one.how_it_ended().find("content"), std::string::npos);
	over = true;
	plugger.join();
	EXPECT_EQ(error, 0);
	stop_ksmd();
	/* Now there is room. */
	if (block.is_online()) {
		EXPECT_EQ(block.take_offline(), "") << block.name();
	}
}

/* A memory cgroup is as full as the machine. */
TEST_F(extreme_pressure, a_group_is_full_as_well)
{
	KSM_SKIP_IF(why_no_groups());
	memory_group group;
	child beside(holder(left / 4));
	child one(writer(2 * left, 1000)), member(unique_writer());

	start_ksmd();
	beside.await("filled");
	group.leave_room(16 << 20);
	one.reach("started");
	group.take_in(member);
	expect_killed(member);
	EXPECT_EQ(one.how_it_ended().find("content"), std::string::npos);
	beside.go_on("filled");
	beside.join();
	stop_ksmd();
}

/* Who asks for a kill gets it, whatever ksmd could free. */
TEST_F(extreme_pressure, sysrq_f_kills)
{
	const std::string trigger = "/proc/sysrq-trigger";
	long killed = vmstat("oom_kill");

	if (access(trigger.c_str(), W_OK))
		GTEST_SKIP() << "no " << trigger;
	child victim([](parent_link &parent) {
		region own(left / 2);

		be_killed_first();
		own.mergeable();
		own.fill_all(1);
		parent.reach("filled");
		pause();
	});

	victim.reach("filled");
	start_ksmd();
	ASSERT_EQ(write_text(trigger, "f"), 0);

	std::string end = victim.how_it_ended();

	EXPECT_NE(end.find("signal 9"), std::string::npos) << end;
	EXPECT_EQ(vmstat("oom_kill"), killed + 1);
	stop_ksmd();
}

} /* namespace ksm */
