// SPDX-License-Identifier: GPL-2.0
/* Signals that arrive while a large range is being unmerged. */
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <functional>
#include <memory>
#include <thread>

#include <unistd.h>

#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/ksm_pages.hpp"
#include "support/limits.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"

namespace ksm
{

namespace
{

using clock = std::chrono::steady_clock;

volatile std::sig_atomic_t signals_seen;

void on_signal(int)
{
	signals_seen = signals_seen + 1;
}

/* SIGUSR1 is handled while this lives, and comes once, so much later. */
class signal_later
{
public:
	signal_later(clock::duration later, int flags)
	{
		struct sigaction act = {};
		struct sigevent event = {};
		auto ns = std::chrono::nanoseconds(later).count();
		struct itimerspec when = {};

		act.sa_handler = on_signal;
		act.sa_flags = flags;
		sigaction(SIGUSR1, &act, &before_);
		event.sigev_notify = SIGEV_SIGNAL;
		event.sigev_signo = SIGUSR1;
		require(timer_create(CLOCK_MONOTONIC, &event, &timer_) == 0, "timer_create");
		when.it_value = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 + 1};
		require(timer_settime(timer_, 0, &when, nullptr) == 0, "timer_settime");
	}
	~signal_later()
	{
		timer_delete(timer_);
		sigaction(SIGUSR1, &before_, nullptr);
	}
	signal_later(const signal_later &) = delete;
	signal_later &operator=(const signal_later &) = delete;

private:
	timer_t timer_;
	struct sigaction before_;
};

/* Merged pages: enough of them for a signal to arrive before all are unmerged. */
std::size_t many()
{
	return std::max<std::size_t>(1024, scaled(4096));
}

void fill(const region &memory)
{
	for (std::size_t i = 0; i < memory.pages(); i++)
		memory.fill(i, i % 100);
}

void require_content(const region &memory)
{
	for (std::size_t i = 0; i < memory.pages(); i++)
		require(memory.holds(i, i % 100), "content changed in page " + std::to_string(i));
}

/* The counters are what the page tables say. */
void require_counted()
{
	/* Then stack and heap are merged too, and change while they are looked at. */
	if (get_merge() == 1)
		return;

	ksm_truth truth;

	truth.add_process(getpid());
	require(knob("pages_shared") == long(truth.frames()), "pages_shared is wrong");
	require(knob("pages_sharing") == long(truth.extra()), "pages_sharing is wrong");
	require(merging_pages() == long(truth.total()), "ksm_merging_pages is wrong");
}

void require_merged(const region &memory)
{
	scan(3);
	require(truth_of(memory).total() == memory.pages(), "not all is merged");
	require_counted();
}

using call = std::function<int()>; /* gives 0 or an errno */

clock::duration time_of(const call &unmerge)
{
	auto from = clock::now();
	int err = unmerge();

	require(err == 0, std::string("without a signal: ") + std::strerror(err));
	return clock::now() - from;
}

/*
 * Unmerges, and a signal that is handled breaks it off: EINTR, some pages are
 * private and others still merged. Then everything is as if
 * nothing had been: it can be merged again, and unmerged.
 */
void break_off(const region &memory, const call &offer, const call &unmerge,
	       const std::function<void()> &look)
{
	bool in_the_middle = false;

	require_merged(memory);
	auto whole = time_of(unmerge);

	/* A signal may come too early or too late, so there are some tries. */
	for (int part = 2; part < 40 && !in_the_middle; part++) {
		require(offer() == 0, "cannot be offered again");
		require_merged(memory);

		int err;
		{
			signal_later soon(whole / part, 0);

			err = unmerge();
		}
		require(err == 0 || err == EINTR, std::strerror(err));
		require_content(memory);
		std::size_t left = truth_of(memory).total();

		if (err == 0) {
			require(left == 0, "success, and yet something is merged");
			continue;
		}
		in_the_middle = left > 0 && left < memory.pages();
		look();
		require_merged(memory);
		require(unmerge() == 0, "a second try fails");
		require(truth_of(memory).total() == 0, "something is merged after a second try");
		require_content(memory);
	}
	require(in_the_middle, "no signal came in the middle");
}

/* With SA_RESTART the kernel goes on by itself, and nobody notices anything. */
void restart(const region &memory, const call &unmerge, const call &offer)
{
	require_merged(memory);
	auto whole = time_of(unmerge);

	for (int part = 2; part < 6; part++) {
		require(offer() == 0, "cannot be offered again");
		require_merged(memory);
		int seen = signals_seen;
		{
			signal_later soon(whole / part, SA_RESTART);
			int err = unmerge();

			require(err == 0, std::strerror(err));
			while (signals_seen == seen)
				usleep(1000);
		}
		require(truth_of(memory).total() == 0, "something is still merged");
		require_content(memory);
	}
}

int advise(const region &memory, int advice)
{
	return madvise(memory.data(), memory.bytes(), advice) ? errno : 0;
}

} /* namespace */

class signals : public ksm_test
{
protected:
	/*
	 * Kills a process that has come to the step "merged" and then unmerges its
	 * own memory, after parts of the time that it takes undisturbed.
	 */
	static void kill_in_the_middle(const child::body &run);
};

void signals::kill_in_the_middle(const child::body &run)
{
	clock::duration whole = {};

	for (int part = 0; part < 8; part++) {
		child other(run);

		other.await("offered");
		scan();
		ASSERT_GE(merging_pages(other.pid()), long(many()));
		other.go_on("offered");
		other.await("merged");
		auto from = clock::now();

		other.go_on("merged");
		if (part) {
			std::this_thread::sleep_for(whole * part / 8);
			other.kill();
		} else {
			ASSERT_EQ(other.how_it_ended(), "");
			whole = clock::now() - from;
		}
		start_ksmd();
		await_nothing_tracked();
		stop_ksmd();
		expect_nothing_counted();
	}
}

TEST_F(signals, break_off_run_2)
{
	region memory(many());

	fill(memory);
	memory.mergeable();
	break_off(
		memory, [] { return 0; }, [] { return try_knob("run", "2"); },
		[] {
			require(knob("run") == 0, "run is not 0 after an error");
			require_counted();
		});
	unmerge_all();
	expect_nothing_counted();
	EXPECT_EQ(knob("full_scans"), 0);
}

TEST_F(signals, restart_run_2)
{
	region memory(many());

	fill(memory);
	memory.mergeable();
	restart(
		memory, [] { return try_knob("run", "2"); }, [] { return 0; });
	EXPECT_EQ(knob("run"), 2);
	expect_nothing_counted();
}

/* The writer of run dies; the memory that was being unmerged is not its own. */
TEST_F(signals, kill_the_writer_of_run_2)
{
	region memory(many());
	clock::duration whole = {};
	bool in_the_middle = false;

	fill(memory);
	memory.mergeable();
	memory.advise(MADV_DONTFORK);
	for (int part = 0; part < 40 && !in_the_middle; part++) {
		require_merged(memory);
		child writer([](parent_link &parent) {
			parent.reach("started");
			unmerge_all();
		});

		writer.await("started");
		auto from = clock::now();

		writer.go_on("started");
		if (part) {
			std::this_thread::sleep_for(whole / (part + 1));
			writer.kill();
		} else {
			ASSERT_EQ(writer.how_it_ended(), "");
			whole = clock::now() - from;
		}

		std::size_t left = truth_of(memory).total();
		long run = knob("run");

		require_content(memory);
		if (left)
			EXPECT_EQ(run, 0) << "something is merged, so run cannot be 2";
		else if (run == 2)
			expect_nothing_counted();
		in_the_middle = left > 0 && left < memory.pages();
	}
	ASSERT_TRUE(in_the_middle) << "no signal came in the middle";
	unmerge_all();
	EXPECT_EQ(truth_of(memory).total(), 0u);
	expect_nothing_counted();
	require_content(memory);
}

TEST_F(signals, break_off_unmergeable)
{
	region memory(many());

	fill(memory);
	memory.mergeable();
	break_off(
		memory, [&] { return advise(memory, MADV_MERGEABLE); },
		[&] { return advise(memory, MADV_UNMERGEABLE); },
		[&] { require(vma_has_flag(memory.data(), "mg"), "no longer offered"); });
	EXPECT_FALSE(vma_has_flag(memory.data(), "mg"));
}

TEST_F(signals, restart_unmergeable)
{
	region memory(many());

	fill(memory);
	memory.mergeable();
	restart(
		memory, [&] { return advise(memory, MADV_UNMERGEABLE); },
		[&] { return advise(memory, MADV_MERGEABLE); });
	EXPECT_FALSE(vma_has_flag(memory.data(), "mg"));
}

TEST_F(signals, kill_in_unmergeable)
{
	kill_in_the_middle([](parent_link &parent) {
		region own(many());

		fill(own);
		own.mergeable();
		parent.reach("offered");
		parent.reach("merged");
		own.unmergeable();
	});
}

/* In a process of its own, as all its memory is offered and taken back. */
TEST_F(signals, break_off_clearing_prctl)
{
	child other([](parent_link &) {
		region own(many());

		fill(own);
		set_merge(true);
		break_off(
			own, [] { return try_set_merge(true); },
			[] { return try_set_merge(false); },
			[&] {
				require(get_merge() == 1, "cleared in spite of an error");
				for (const auto &vma : {own.page(0), own.page(own.pages() - 1)})
					require(vma_has_flag(vma, "mg"), "no longer offered");
			});
		require(get_merge() == 0, "not cleared");
		require(mergeable_vmas().empty(), "something is still offered");
	});
}

TEST_F(signals, restart_clearing_prctl)
{
	child other([](parent_link &) {
		region own(many());

		fill(own);
		set_merge(true);
		restart(
			own, [] { return try_set_merge(false); },
			[] { return try_set_merge(true); });
		require(mergeable_vmas().empty(), "something is still offered");
	});
}

TEST_F(signals, kill_in_clearing_prctl)
{
	kill_in_the_middle([](parent_link &parent) {
		region own(many());

		fill(own);
		set_merge(true);
		parent.reach("offered");
		parent.reach("merged");
		set_merge(false);
	});
}

} /* namespace ksm */
