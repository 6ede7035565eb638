// SPDX-License-Identifier: GPL-2.0
/*
 * How long others are kept waiting while much is unmerged, or goes away: the longest of
 * many short system calls that want the same locks.
 */
#include <algorithm>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/scenario.hpp"
#include "bench/workload.hpp"

namespace ksm
{

namespace
{

/*
 * A thread that goes before everybody else, so that it waits for nothing but locks, and
 * sleeps 20 us between two tries, so that it does not miss one that is held for long.
 */
class impatient
{
public:
	explicit impatient(std::function<void()> call)
		: thread_([this, call = std::move(call)] { repeat(call); })
	{
		const struct sched_param first = {.sched_priority = 1};

		if (pthread_setschedparam(thread_.native_handle(), SCHED_FIFO, &first))
			failed_ = true;
		while (calls_ < 10)
			usleep(1000);
	}

	~impatient()
	{
		if (thread_.joinable())
			longest_wait();
	}

	impatient(const impatient &) = delete;
	impatient &operator=(const impatient &) = delete;

	/* Since reset(), in ns; the thread ends. */
	std::uint64_t longest_wait()
	{
		done_ = true;
		thread_.join();
		return longest_;
	}

	/* The same, and it goes on. */
	std::uint64_t longest_so_far() const { return longest_; }

	void reset()
	{
		if (failed_)
			throw std::runtime_error("may not become SCHED_FIFO");
		longest_ = 0;
	}

private:
	void repeat(const std::function<void()> &call)
	{
		while (!done_) {
			std::uint64_t before = now_ns();

			call();
			longest_ = std::max<std::uint64_t>(longest_, now_ns() - before);
			calls_++;
			usleep(20);
		}
	}

	std::atomic<bool> done_ = false;
	std::atomic<unsigned> calls_ = 0;
	std::atomic<std::uint64_t> longest_ = 0;
	bool failed_ = false;
	std::thread thread_; /* last, as it uses the others */
};

void map_and_unmap()
{
	void *page = mmap(nullptr, page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page != MAP_FAILED)
		munmap(page, page_size);
}

cost longest_wait(std::size_t pages, std::function<void()> call, const std::function<void()> &work)
{
	impatient other(std::move(call));
	cost result;

	other.reset();
	work();
	result.total_ns = result.least_ns = result.most_ns = other.longest_wait();
	result.wall = true;
	result.passes = 1;
	result.page_visits = pages;
	result.after = counters::read();
	return result;
}

constexpr useconds_t nap_us = 20;

/*
 * Who waits for a CPU until ksmd lets go of it, and who changes a VMA that ksmd visits.
 * With one CPU the first tells the longest stretch without a reschedule.
 */
class held_up
{
public:
	held_up(void *data, std::size_t bytes)
		: cpu_([] { usleep(nap_us); }), vma_([=, advice = MADV_DONTFORK]() mutable {
			  advice = advice == MADV_DONTFORK ? MADV_DOFORK : MADV_DONTFORK;
			  madvise(data, bytes, advice);
		  })
	{
	}

	/* Adds two figures: how long they were, while this went on. */
	void during(cost &result, const std::string &what, const std::function<void()> &work)
	{
		/* What the kernel frees later, as page tables, is not to be counted. */
		sleep(1);
		cpu_.reset();
		vma_.reset();
		work();
		result.figures.push_back(
			{what + "_cpu_us", double(cpu_.longest_so_far()) / 1000 - nap_us});
		result.figures.push_back({what + "_vma_us", double(vma_.longest_so_far()) / 1000});
	}

private:
	impatient cpu_, vma_;
};

void run_ksmd(unsigned passes)
{
	start_ksmd();
	await_scans(passes);
	stop_ksmd();
}

/* So many tiles of ksmd's with one page each, visited, and then forgotten. */
void wait_for_tiles(std::size_t tiles, cost &result)
{
	constexpr std::size_t tile_bytes = 256UL << 10;
	region own(1);
	void *data = mmap(nullptr, tiles * tile_bytes, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (data == MAP_FAILED || madvise(data, tiles * tile_bytes, MADV_NOHUGEPAGE) ||
	    madvise(data, tiles * tile_bytes, MADV_MERGEABLE))
		throw std::runtime_error("no sparse memory");
	for (std::size_t i = 0; i < tiles; i++)
		fill_page(static_cast<char *>(data) + i * tile_bytes, first_seed + i);
	held_up(data, tiles * tile_bytes).during(result, "tiles", [] { run_ksmd(4); });
	munmap(data, tiles * tile_bytes);

	own.fill(0, first_seed - 1);
	own.mergeable();
	held_up(own.data(), own.bytes()).during(result, "forgotten_tiles", [] { run_ksmd(2); });
}

/* One content in so many KSM pages, which then go all at once. */
void wait_for_chain(std::size_t nodes, cost &result)
{
	region own(1);
	auto other = std::make_unique<sleepers>(1, [=](std::size_t) {
		regions memory;

		memory.push_back(std::make_unique<region>(2 * nodes));
		memory.back()->fill_all(first_seed);
		memory.back()->mergeable();
		return memory;
	});

	own.fill(0, first_seed - 1);
	own.mergeable();
	held_up waiting(own.data(), own.bytes());

	waiting.during(result, "chain", [] { run_ksmd(4); });
	result.figures.push_back({"chain_nodes", double(knob("stable_node_dups"))});
	other.reset();
	waiting.during(result, "stale_chain", [] { run_ksmd(2); });
}

} /* namespace */

/*
 * The longest waits while ksmd has to do with very many tiles, and with one content in
 * very many KSM pages. The KSM before goes through all of these for each further page,
 * so that it would not come to an end.
 */
cost wait_ksmd(const bench_options &options)
{
	cost result;

	set_knob("pages_to_scan", 100000);
	set_knob("sleep_millisecs", 0L);
	wait_for_tiles(options.pages, result);
	if (has_knob("metadata_bytes")) {
		unmerge_all();
		set_knob("max_page_sharing", 2);
		wait_for_chain(options.pages / 10, result);
	}
	for (const figure &each : result.figures)
		if (each.name.ends_with("_us"))
			result.most_ns = std::max(result.most_ns, std::uint64_t(each.value * 1000));
	result.total_ns = result.least_ns = result.most_ns;
	result.wall = true;
	result.passes = 1;
	result.page_visits = options.pages;
	result.after = counters::read();
	return result;
}

cost wait_run_2(const bench_options &options)
{
	region memory(options.pages);

	merge_pairs(memory);
	return longest_wait(memory.pages(), map_and_unmap, unmerge_all);
}

cost wait_unmergeable(const bench_options &options)
{
	region memory(options.pages);

	merge_pairs(memory);
	return longest_wait(memory.pages(), map_and_unmap, [&] { memory.unmergeable(); });
}

/* A process of merged pages ends; this one offers a page, and takes it back, meanwhile. */
cost wait_exit(const bench_options &options)
{
	region own(1);
	std::unique_ptr<sleepers> other = sleeper_of_merged_pairs(options.pages);

	own.fill(0, first_seed - 1);
	return longest_wait(
		options.pages,
		[&] {
			own.mergeable();
			own.unmergeable();
		},
		[&] {
			set_knob("pages_to_scan", 1000);
			start_ksmd();
			other.reset();
			await_nothing_merged();
			stop_ksmd();
		});
}

} /* namespace ksm */
