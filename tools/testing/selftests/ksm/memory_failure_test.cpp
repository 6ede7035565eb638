// SPDX-License-Identifier: GPL-2.0
/* KSM pages whose frame goes bad, or is taken out of service in time. */
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <cstring>
#include <thread>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/ksm_pages.hpp"
#include "support/limits.hpp"
#include "support/pagemap.hpp"
#include "support/passes.hpp"
#include "support/region.hpp"

namespace ksm
{

namespace
{

#ifndef MADV_HWPOISON
#define MADV_HWPOISON 100
#endif
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE 101
#endif

sigjmp_buf back;

void on_bus_error(int)
{
	siglongjmp(back, 1);
}

enum class outcome { right, wrong, bus_error };

/* Runs something that may well raise SIGBUS; true if it did. */
template <class action> bool raises_bus_error(action run)
{
	struct sigaction act = {}, old;

	act.sa_handler = on_bus_error;
	sigaction(SIGBUS, &act, &old);
	bool raised = sigsetjmp(back, 1) != 0;

	if (!raised)
		run();
	sigaction(SIGBUS, &old, nullptr);
	return raised;
}

outcome read_page(const region &memory, std::size_t index, std::uint64_t seed)
{
	volatile bool good = false;

	if (raises_bus_error([&] { good = memory.holds(index, seed); }))
		return outcome::bus_error;
	return good ? outcome::right : outcome::wrong;
}

/* 0 or an errno. The caller is told of the loss at once, by SIGBUS. */
int poison(const region &memory, std::size_t index)
{
	volatile int err = 0;

	raises_bus_error([&] {
		if (madvise(memory.page(index), page_size, MADV_HWPOISON))
			err = errno;
	});
	return err;
}

/* Empty, unless it is said by this error of poison(). */
std::string why_no_memory_failure(int err)
{
	return err == EINVAL ? "this kernel has no CONFIG_MEMORY_FAILURE" : "";
}

volatile std::sig_atomic_t early_signals;

void on_early_signal(int, siginfo_t *info, void *)
{
	if (info->si_code == BUS_MCEERR_AO)
		early_signals = early_signals + 1;
}

/* To be told of a bad page at once, and not only when it is read. */
void ask_for_early_signals()
{
	struct sigaction act = {};

	act.sa_sigaction = on_early_signal;
	act.sa_flags = SA_SIGINFO;
	sigaction(SIGBUS, &act, nullptr);
	require(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0) == 0, "PR_MCE_KILL");
}

/* Writes a page anew, in a new frame if the old one is lost. */
void rewrite(const region &memory, std::size_t index, std::uint64_t seed)
{
	if (!raises_bus_error([&] { memory.fill(index, seed); }))
		return;
	require(madvise(memory.page(index), page_size, MADV_DONTNEED) == 0, "MADV_DONTNEED");
	memory.fill(index, seed);
}

/* Pages that hold anything but i % 4, and can be read. */
std::size_t wrong_pages(const region &memory)
{
	std::size_t wrong = 0;

	for (std::size_t i = 0; i < memory.pages(); i++)
		wrong += read_page(memory, i, i % 4) == outcome::wrong;
	return wrong;
}

} /* namespace */

class memory_failure : public ksm_test
{
};

/* A frame taken out of service in time: its content goes to another one. */
TEST_F(memory_failure, soft_offline)
{
	region memory(16);

	memory.fill_all(3);
	memory.mergeable();
	scan(3);
	ASSERT_EQ(truth_of(memory).frames(), 1u);
	std::uint64_t frame = pagemap_of(memory.page(0)).pfn();

	if (madvise(memory.page(0), page_size, MADV_SOFT_OFFLINE)) {
		ASSERT_EQ(errno, EINVAL) << std::strerror(errno);
		GTEST_SKIP() << "this kernel has no CONFIG_MEMORY_FAILURE";
	}
	for (std::size_t i = 0; i < memory.pages(); i++)
		EXPECT_NE(pagemap_of(memory.page(i)).pfn(), frame) << "page " << i;
	EXPECT_EQ(memory.strangers(3), 0u);
	scan(3);
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
	EXPECT_EQ(truth_of(memory).frames(), 1u);
	EXPECT_EQ(knob("pages_sharing"), long(memory.pages()) - 1);
}

/*
 * A frame that is lost: whoever reads it gets SIGBUS, never another content. Fails
 * on the old engine at its end: the lost frame stays in the stable tree, and new
 * pages of the same content are merged into it.
 */
TEST_F(memory_failure, without_a_copy)
{
	region memory(7), sound(1);

	memory.fill_all(4);
	sound.fill(0, 5);
	memory.mergeable();
	child other([&](parent_link &parent) {
		memory.fill_all(4);
		parent.reach("written");
		require(read_page(memory, 0, 4) != outcome::wrong, "wrong content");
		require(read_page(sound, 0, 5) == outcome::right, "a page lost that was not bad");
		parent.reach("read");
	});

	other.await("written");
	scan(3);
	ksm_truth both = truth_of(memory);

	both.add({memory, other.pid()});
	ASSERT_EQ(both.frames(), 1u);
	std::uint64_t frame = pagemap_of(memory.page(0)).pfn();

	int err = poison(memory, 0);

	KSM_SKIP_IF(why_no_memory_failure(err));
	ASSERT_EQ(err, 0) << std::strerror(err);
	for (std::size_t i = 0; i < memory.pages(); i++) {
		EXPECT_NE(pagemap_of(memory.page(i)).pfn(), frame) << "page " << i;
		EXPECT_NE(read_page(memory, i, 4), outcome::wrong) << "page " << i;
	}
	EXPECT_EQ(read_page(sound, 0, 5), outcome::right);
	other.go_on("written");
	other.await("read");

	/* Life goes on: the same content, written anew, merges as ever. */
	memory.advise(MADV_DONTNEED);
	memory.fill_all(4);
	scan(3);
	ksm_truth again = truth_of(memory);

	EXPECT_EQ(again.total(), memory.pages());
	EXPECT_EQ(again.mappings.count(frame), 0u) << "the bad frame is in use again";
	other.go_on("read");
}

/* A child is told of the loss, though who has merged the page is gone. */
TEST_F(memory_failure, of_a_page_that_only_a_child_maps)
{
	child first([](parent_link &parent) {
		region own(8);

		own.fill_all(6);
		own.mergeable();
		parent.reach("offered");
		pid_t heir = fork();

		require(heir >= 0, "fork");
		if (heir > 0)
			_exit(0);
		parent.reach("forked");
		std::uint64_t frame = pagemap_of(own.page(0)).pfn();
		std::uint64_t left = 0;
		int err = poison(own, 0);

		for (std::size_t i = 0; i < own.pages(); i++)
			left += pagemap_of(own.page(i)).pfn() == frame;
		parent.tell("error", std::uint64_t(err));
		parent.reach("left", left);
	});

	first.await("offered");
	scan(3);
	first.go_on("offered");
	/* From here on it is the child that holds the other end. */
	first.await("forked");
	ASSERT_EQ(first.how_it_ended(), "");
	first.go_on("forked");
	std::uint64_t err = first.await("error");

	KSM_SKIP_IF(why_no_memory_failure(err));
	EXPECT_EQ(err, 0u) << std::strerror(int(err));
	EXPECT_EQ(first.await("left"), 0u) << "mappings of the bad frame are left";
}

/* A bad frame of which there is a sound copy: nobody notices. */
TEST_F(memory_failure, with_a_sound_copy)
{
	set_knob("max_page_sharing", 4);
	region memory(11);

	memory.fill_all(7);
	memory.mergeable();
	scan(4);
	ASSERT_EQ(truth_of(memory).frames(), 3u);

	/* And by mappings that ksmd does not know of. */
	child other([&](parent_link &parent) {
		parent.reach("forked");
		for (std::size_t i = 0; i < memory.pages(); i++)
			require(read_page(memory, i, 7) == outcome::right, "lost in a fork");
	});
	other.await("forked");

	for (std::size_t lost : {0, 10, 5}) {
		auto before = pagemap(memory);
		int err = poison(memory, lost);

		KSM_SKIP_IF(why_no_memory_failure(err));
		ASSERT_EQ(err, 0) << std::strerror(err);
		for (std::size_t i = 0; i < memory.pages(); i++) {
			EXPECT_NE(pagemap_of(memory.page(i)).pfn(), before[lost].pfn());
			/* The last copy has no other, and is lost. */
			if (lost != 5) {
				ASSERT_EQ(read_page(memory, i, 7), outcome::right) << "page " << i;
			}
		}
		if (lost == 5) {
			EXPECT_EQ(read_page(memory, 5, 7), outcome::bus_error);
			break;
		}
		ksm_truth left = truth_of(memory);

		EXPECT_EQ(knob("pages_shared"), long(left.frames()));
		EXPECT_EQ(knob("pages_sharing"), long(left.extra()));
		if (lost == 10) {
			other.go_on("forked");
			other.join();
		}
	}
}

/* Only those are told of a bad page that map it, not those that once did. */
TEST_F(memory_failure, tells_who_maps_the_page)
{
	region memory(2);
	auto process = [](bool breaks_its_copy) {
		return [=](parent_link &parent) {
			region own(1);

			own.fill(0, 11);
			own.mergeable();
			ask_for_early_signals();
			parent.reach("offered");
			if (breaks_its_copy)
				own.fill(0, 12);
			parent.reach("written");
			parent.reach("told", std::uint64_t(early_signals));
			require(!breaks_its_copy || own.holds(0, 12), "a copy is lost, too");
		};
	};
	child keeps(process(false)), breaks(process(true));

	memory.fill_all(11);
	memory.mergeable();
	for (child *each : {&keeps, &breaks})
		each->await("offered");
	scan(3);
	ASSERT_EQ(knob("pages_sharing"), 3);
	for (child *each : {&keeps, &breaks}) {
		each->go_on("offered");
		each->await("written");
	}

	int err = poison(memory, 0);

	KSM_SKIP_IF(why_no_memory_failure(err));
	ASSERT_EQ(err, 0) << std::strerror(err);
	/* A signal is sent before poison() is over, and handled before the answer. */
	for (child *each : {&keeps, &breaks})
		each->go_on("written");
	EXPECT_EQ(keeps.await("told"), 1u);
	EXPECT_EQ(breaks.await("told"), 0u) << "told of a page that it no longer maps";
	for (child *each : {&keeps, &breaks})
		each->go_on("told");
}

/* ksmd has never seen the mapping, and who it comes from is gone. */
TEST_F(memory_failure, tells_the_fork_of_a_process_that_has_ended)
{
	region memory(2);
	child ends([](parent_link &parent) {
		region own(1);

		own.fill(0, 13);
		own.mergeable();
		parent.reach("offered");
		pid_t pid = fork();

		require(pid >= 0, "fork");
		if (pid)
			return;
		ask_for_early_signals();
		parent.reach("forked");
		parent.tell("told", std::uint64_t(early_signals));
		_exit(0);
	});

	memory.fill_all(13);
	memory.mergeable();
	ends.await("offered");
	scan(3);
	ASSERT_EQ(knob("pages_sharing"), 2);
	ends.go_on("offered");
	/* From here on it is the fork that answers. */
	ends.await("forked");
	ASSERT_EQ(ends.how_it_ended(), "");
	/* The kernel may forget the process some time after its end. */
	usleep(200000);

	int err = poison(memory, 0);

	ends.go_on("forked");
	EXPECT_EQ(ends.await("told"), err ? 0u : 1u);
	KSM_SKIP_IF(why_no_memory_failure(err));
	ASSERT_EQ(err, 0) << std::strerror(err);
}

/* A KSM page goes bad while others, in front of it, are still being unmerged. */
TEST_F(memory_failure, does_not_wait_for_run_2)
{
	region memory(std::max<std::size_t>(16384, scaled(40960)));
	std::size_t bad = memory.pages() - 1, last = memory.pages() - 3;

	for (std::size_t i = 0; i < memory.pages(); i++)
		memory.fill(i, i > last ? 1000 : i % 100);
	memory.mergeable();
	scan(3);
	ASSERT_EQ(truth_of(memory).total(), memory.pages());

	auto frame = [&](std::size_t page) { return pagemap_of(memory.page(page)).pfn(); };
	std::uint64_t first_frame = frame(0), last_frame = frame(last), bad_frame = frame(bad);
	std::thread writer(unmerge_all);

	while (frame(0) == first_frame)
		std::this_thread::yield();
	bool in_time = frame(last) == last_frame;
	int err = poison(memory, bad);
	bool still_at_it = frame(last) == last_frame;

	writer.join();
	KSM_SKIP_IF(why_no_memory_failure(err));
	if (!in_time)
		GTEST_SKIP() << "run=2 was over too soon";
	ASSERT_EQ(err, 0) << std::strerror(err);
	EXPECT_TRUE(still_at_it) << "run=2 was over before memory failure was";
	EXPECT_NE(frame(bad), bad_frame);
	for (std::size_t i = 0; i <= last; i++)
		ASSERT_EQ(read_page(memory, i, i % 100), outcome::right) << "page " << i;
	EXPECT_EQ(truth_of(memory).total(), 0u);
}

/* One goes bad in the middle of a batch that is as long as a pass. */
TEST_F(memory_failure, does_not_wait_for_a_batch)
{
	set_knob("pages_to_scan", 100L * 1000 * 1000);
	region memory(std::max<std::size_t>(16384, scaled(40960))), pair(2);

	pair.fill_all(1);
	pair.mergeable();
	scan(3);
	ASSERT_EQ(knob("pages_sharing"), 1);
	memory.fill_unique(1000);
	memory.mergeable();

	long passes = knob("full_scans");

	/* New pages are read in the second pass, which takes long for that. */
	start_ksmd();
	await_scans(1);
	bool in_time = knob("full_scans") == passes + 1;
	int err = poison(pair, 0);
	long passes_then = knob("full_scans");

	stop_ksmd();
	KSM_SKIP_IF(why_no_memory_failure(err));
	if (!in_time)
		GTEST_SKIP() << "the pass was over too soon";
	ASSERT_EQ(err, 0) << std::strerror(err);
	EXPECT_EQ(passes_then, passes + 1) << "the pass was over before memory failure was";
	EXPECT_EQ(memory.strangers_unique(1000), 0u);
}

/*
 * Frames go bad at any moment, while ksmd makes and unmakes copies of what they hold
 * and others fork with it. What is lost is lost, but nobody reads anything else.
 */
TEST_F(memory_failure, races_with_ksmd_and_fork)
{
	set_knob("max_page_sharing", 3);
	region memory(48);
	std::size_t rounds = scaled(40), bad = 0;

	for (std::size_t i = 0; i < memory.pages(); i++)
		memory.fill(i, i % 4);
	memory.mergeable();
	child others([&](parent_link &) {
		for (std::size_t round = 0; round < 4 * rounds; round++) {
			pid_t pid = fork();
			int status = 0;

			require(pid >= 0, "fork");
			if (pid == 0)
				_exit(wrong_pages(memory) ? 1 : 0);
			for (std::size_t i = round % 5; i < memory.pages(); i += 5)
				rewrite(memory, i, i % 4);
			require(wrong_pages(memory) == 0, "wrong content in a child");
			require(waitpid(pid, &status, 0) == pid && status == 0,
				"wrong content, or a signal, in a grandchild");
		}
	});

	start_ksmd();
	for (std::size_t round = 0; round < rounds; round++) {
		int err = poison(memory, round % memory.pages());

		KSM_SKIP_IF(why_no_memory_failure(err));
		bad += err == 0;
		ASSERT_EQ(wrong_pages(memory), 0u) << "round " << round;
		for (std::size_t i = round % 3; i < memory.pages(); i += 3)
			rewrite(memory, i, i % 4);
	}
	others.join();
	stop_ksmd();
	EXPECT_GT(bad, 0u) << "no frame could be given up";

	for (std::size_t i = 0; i < memory.pages(); i++)
		rewrite(memory, i, i % 4);
	scan(3);
	ksm_truth left = truth_of(memory);

	EXPECT_EQ(left.total(), memory.pages());
	EXPECT_EQ(knob("pages_shared"), long(left.frames()));
	EXPECT_EQ(knob("pages_sharing"), long(left.extra()));
	unmerge_all();
	EXPECT_EQ(counters::read().tracked(), 0);
}

} /* namespace ksm */
