// SPDX-License-Identifier: GPL-2.0
/* Very many mappings, very many processes, and very much address space. */
#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <thread>
#include <vector>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/ksm_pages.hpp"
#include "support/limits.hpp"
#include "support/pagemap.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"

namespace ksm
{

class scale : public ksm_test
{
protected:
	/* All of it in processes of their own, so that nothing stays registered. */
	void prepare() override
	{
		if (has_knob("metadata_bytes"))
			bytes_before_ = knob("metadata_bytes");
	}

	/* What has gone leaves no counter behind, but for what fork has shared with us. */
	static void expect_nothing_tracked()
	{
		start_ksmd();
		await_nothing_tracked();
		stop_ksmd();

		ksm_truth inherited;

		inherited.add_inherited(getpid());
		counters now = counters::read();

		EXPECT_EQ(now.shared, long(inherited.frames()));
		EXPECT_EQ(now.sharing, long(inherited.extra()));
		EXPECT_EQ(now.tracked(), long(inherited.total()));
	}

	/* Nor any memory of KSM's own. */
	void expect_nothing_left() const
	{
		expect_nothing_tracked();
		if (!has_knob("metadata_bytes"))
			return;
		if (smaps_ksm_pages(0) == 0) {
			EXPECT_EQ(knob("metadata_bytes"), bytes_before_);
		}
		EXPECT_EQ(knob("stable_node_chains"), 0);
		EXPECT_EQ(knob("stable_node_dups"), 0);
	}

private:
	long bytes_before_ = 0;
};

namespace
{

using clock = std::chrono::steady_clock;

/* Processes that all do the same, then wait for their end, which comes at once. */
class crowd
{
public:
	static constexpr std::size_t pages = 8;

	explicit crowd(std::size_t number);
	~crowd();
	crowd(const crowd &) = delete;
	crowd &operator=(const crowd &) = delete;

	/* Every one of them looks at what its pages hold. */
	void check_content();
	/* Kills them all; gives the time until the last one was gone. */
	clock::duration kill();

	const std::vector<pid_t> &processes() const { return processes_; }
	const char *address(std::size_t number) const { return shared_->address[number]; }
	/* Pages 0 to 3 are the same everywhere, 4 to 7 nowhere. */
	static std::uint64_t seed(std::size_t number, std::size_t page)
	{
		return page < pages / 2 ? page : 1000 + number * pages + page;
	}

private:
	static constexpr std::size_t most = 4096;
	struct board {
		std::atomic<std::size_t> ready, good, bad;
		char *address[most];
	};

	[[noreturn]] void live(std::size_t number);
	template <class condition> static void await(condition done, const char *what);

	board *shared_;
	int gate_[2];
	std::vector<pid_t> processes_;
};

crowd::crowd(std::size_t number)
{
	void *got = mmap(nullptr, sizeof(board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			 -1, 0);

	require(number <= most, "a crowd too big");
	require(got != MAP_FAILED && pipe(gate_) == 0, "no memory or no pipe");
	shared_ = new (got) board;
	for (std::size_t i = 0; i < number; i++) {
		pid_t pid = fork();

		if (pid == 0)
			live(i);
		if (pid < 0) {
			kill();
			require(false, "fork failed after " + std::to_string(i) + " processes");
		}
		processes_.push_back(pid);
		setpgid(pid, processes_[0]);
	}
	close(gate_[0]);
	await([&] { return shared_->ready + shared_->bad == number; }, "processes not ready");
	require(shared_->bad == 0, "a process could not offer its memory");
}

crowd::~crowd()
{
	kill();
	close(gate_[1]);
	munmap(shared_, sizeof(board));
}

void crowd::live(std::size_t number)
{
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	std::signal(SIGALRM, SIG_DFL);
	close(gate_[1]);
	setpgid(0, processes_.empty() ? 0 : processes_[0]);
	{
		region own(pages);
		bool right = true;

		for (std::size_t i = 0; i < pages; i++)
			own.fill(i, seed(number, i));
		shared_->address[number] = own.data();
		/* The two ways to offer it; the second offers all that fork has copied, too. */
		if (number % 10 == 0 ? try_set_merge(true)
				     : madvise(own.data(), own.bytes(), MADV_MERGEABLE))
			shared_->bad++;
		else
			shared_->ready++;
		while (read(gate_[0], &byte, 1) < 0)
			;
		for (std::size_t i = 0; i < pages; i++)
			right &= own.holds(i, seed(number, i));
		(right ? shared_->good : shared_->bad)++;
		for (;;)
			pause();
	}
}

template <class condition> void crowd::await(condition done, const char *what)
{
	auto limit = clock::now() + hang_limit();

	while (!done()) {
		require(clock::now() < limit, what);
		std::this_thread::sleep_for(std::chrono::milliseconds(10));
	}
}

void crowd::check_content()
{
	close(gate_[1]);
	gate_[1] = -1;
	await([&] { return shared_->good + shared_->bad == processes_.size(); }, "no answer");
	require(shared_->bad == 0, std::to_string(shared_->bad) + " processes with other content");
}

clock::duration crowd::kill()
{
	auto from = clock::now();

	if (!processes_.empty())
		::kill(-processes_[0], SIGKILL);
	for (pid_t pid : processes_)
		waitpid(pid, nullptr, 0);
	processes_.clear();
	return clock::now() - from;
}

} /* namespace */

/*
 * 10,000 VMAs, which belong to one anon_vma as all were cut from one mapping: an
 * rmap walk that looked at each of them would take its time.
 */
TEST_F(scale, many_small_mappings)
{
	constexpr std::size_t vmas = 10000, contents = 200, pages = 2 * vmas;
	child other([](parent_link &parent) {
		region own(pages);

		for (std::size_t i = 0; i < vmas; i++) {
			own.fill(2 * i, i % contents);
			own.fill(2 * i + 1, 1000 + i);
		}
		own.mergeable();
		for (std::size_t i = 1; i < vmas; i += 2)
			require(mprotect(own.page(2 * i), 2 * page_size, PROT_READ) == 0,
				"mprotect");
		parent.reach("offered", own.data());
		own.unmergeable();
		parent.reach("unmerged");
		for (std::size_t i = 0; i < vmas; i++)
			require(own.holds(2 * i, i % contents) && own.holds(2 * i + 1, 1000 + i),
				"content changed in mapping " + std::to_string(i));
		own.mergeable();
		parent.reach("offered again");
	});
	page_range memory(other.pid(), other.await("offered"), pages);
	auto expect_merged = [&] {
		ksm_truth now = truth_of(memory);

		EXPECT_EQ(now.frames(), contents);
		EXPECT_EQ(now.total(), vmas);
		EXPECT_EQ(knob("pages_shared"), long(contents));
		EXPECT_EQ(knob("pages_sharing"), long(vmas - contents));
		EXPECT_EQ(knob("pages_unshared"), long(vmas));
		EXPECT_EQ(knob("pages_volatile"), 0);
	};

	ASSERT_EQ(mergeable_vmas(other.pid()).size(), vmas);
	scan();
	expect_merged();
	if (memory_nodes() >= 2) {
		std::vector<void *> some;

		for (std::size_t i = 0; i < 20; i++)
			some.push_back(memory.page(2 * i));
		for (int node : {1, 0})
			EXPECT_EQ(move_to(other.pid(), some, node), some.size());
		expect_merged();
	}
	other.go_on("offered");
	other.await("unmerged");
	EXPECT_EQ(truth_of(memory).total(), 0u);
	expect_nothing_left();

	/* And once more, with an exit as the end of it. */
	other.go_on("unmerged");
	other.await("offered again");
	scan();
	expect_merged();
	other.go_on("offered again");
	other.join();
	expect_nothing_left();
}

/* 1,000 processes that hold the same pages, until they are killed all at once. */
TEST_F(scale, many_processes)
{
	/* Even: no process is left over when a KSM page has its 256 mappings. */
	crowd all(2 * scaled(500));
	std::size_t number = all.processes().size();
	ksm_truth truth;
	long merging = 0;

	scan(3);
	for (std::size_t i = 0; i < number; i++) {
		truth.add({all.processes()[i], all.address(i), crowd::pages});
		merging += merging_pages(all.processes()[i]);
	}
	EXPECT_EQ(truth.total(), number * crowd::pages / 2);
	EXPECT_EQ(truth.frames(), crowd::pages / 2 * ((number + 255) / 256));
	EXPECT_LE(truth.most(), 256u);
	/*
	 * What all have from this process is merged where it was offered, and counts once more
	 * for the others of the family, which have not offered it.
	 */
	long in_all = knob("pages_shared") + knob("pages_sharing");

	EXPECT_GE(in_all, merging);
	EXPECT_LE(in_all, merging + knob("pages_shared"));
	all.check_content();

	/* ksmd never pauses and never gives way, and yet nobody waits for it. */
	set_knob("pages_to_scan", 100L * 1000 * 1000);
	start_ksmd();
	EXPECT_LT(all.kill(), hang_limit());
	/* KSM pages that fork has shared with this process live on, and so do their nodes. */
	expect_nothing_tracked();
}

/*
 * 32 TiB of address space with a page here and there. The old engine looks for a
 * KSM page at each of eight thousand million addresses when it unmerges.
 */
TEST_F(scale, sparse_mapping)
{
	constexpr std::size_t bytes = 32ULL << 40, places = 16, step = bytes / places;
	auto place = [](std::size_t i) { return i * step / page_size + i * 4321; };
	child other([=](parent_link &parent) {
		void *got = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		auto *data = static_cast<char *>(got);
		auto page = [=](std::size_t i) { return data + place(i) * page_size; };
		auto expect_content = [&] {
			for (std::size_t i = 0; i < places; i++)
				require(page_holds(page(i), i / 2), "content changed");
		};

		require(got != MAP_FAILED, "cannot map 32 TiB");
		for (std::size_t i = 0; i < places; i++)
			fill_page(page(i), i / 2);
		auto from = clock::now();

		require(madvise(data, bytes, MADV_MERGEABLE) == 0, "MADV_MERGEABLE");
		require(clock::now() - from < hang_limit(), "MADV_MERGEABLE takes too long");
		parent.reach("offered", data);
		expect_content();
		from = clock::now();
		require(madvise(data, bytes, MADV_UNMERGEABLE) == 0, "MADV_UNMERGEABLE");
		require(clock::now() - from < hang_limit(), "MADV_UNMERGEABLE takes too long");
		expect_content();
		parent.reach("unmerged");
		from = clock::now();
		require(munmap(data, bytes) == 0, "munmap");
		require(clock::now() - from < hang_limit(), "munmap takes too long");
	});
	page_range memory(other.pid(), other.await("offered"), bytes / page_size);
	auto merged = [&] {
		ksm_truth truth;

		for (std::size_t i = 0; i < places; i++)
			truth.add(memory.part(place(i), 1));
		return truth;
	};

	scan();
	EXPECT_EQ(merged().total(), places);
	EXPECT_EQ(merged().frames(), places / 2);
	EXPECT_EQ(knob("pages_shared"), long(places / 2));
	EXPECT_EQ(knob("pages_sharing"), long(places / 2));
	other.go_on("offered");
	other.await("unmerged");
	EXPECT_EQ(merged().total(), 0u);
	other.go_on("unmerged");
	other.join();
	expect_nothing_left();
}

} /* namespace ksm */
