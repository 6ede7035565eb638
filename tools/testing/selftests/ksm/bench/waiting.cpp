// SPDX-License-Identifier: GPL-2.0
/*
 * How long others are kept waiting while much is unmerged, or goes away: the longest of
 * many short system calls that want the same locks.
 */
#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <thread>

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/scenario.h"
#include "bench/workload.h"

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

} /* namespace */

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
