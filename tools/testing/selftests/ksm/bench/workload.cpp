// SPDX-License-Identifier: GPL-2.0
#include "bench/workload.h"

#include <algorithm>
#include <ctime>

namespace ksm
{

namespace
{

std::uint64_t now_ns()
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return std::uint64_t(time.tv_sec) * 1000000000u + std::uint64_t(time.tv_nsec);
}

} /* namespace */

void fill_with_unique(const region &memory)
{
	memory.fill_unique(first_seed);
}

void fill_with_pairs(const region &memory)
{
	std::size_t half = memory.pages() / 2;

	for (std::size_t i = 0; i < 2 * half; i++)
		memory.fill(i, first_seed + i % half);
}

void fill_with_tails(const region &memory)
{
	for (std::size_t i = 0; i < memory.pages(); i++) {
		memory.fill(i, first_seed);
		memory.words(i)[words_per_page - 1] = word_of(i, 0);
	}
}

void fill_with_zeroes(const region &memory)
{
	for (std::size_t i = 0; i < memory.pages(); i++) {
		memory.words(i)[0] = 1;
		memory.words(i)[0] = 0;
	}
}

void measure_pass(stepper &ksmd, cost &sum)
{
	std::uint64_t before = ksmd_cpu_ns();

	ksmd.pass();
	std::uint64_t used = ksmd_cpu_ns() - before;

	sum.total_ns += used;
	sum.least_ns = sum.passes ? std::min(sum.least_ns, used) : used;
	sum.most_ns = std::max(sum.most_ns, used);
	sum.passes++;
}

cost measure_wall(std::size_t pages, const std::function<void()> &work)
{
	cost result;
	std::uint64_t before = now_ns();

	work();
	result.total_ns = result.least_ns = result.most_ns = now_ns() - before;
	result.wall = true;
	result.passes = 1;
	result.page_visits = pages;
	result.after = counters::read();
	return result;
}

sleepers::sleepers(std::size_t count, const std::function<regions(std::size_t)> &lay_out)
{
	for (std::size_t i = 0; i < count; i++) {
		processes_.push_back(std::make_unique<child>([&, i](parent_link &parent) {
			regions memory = lay_out(i);

			parent.meet();
		}));
		processes_.back()->arrived();
	}
}

sleepers::~sleepers()
{
	for (auto &each : processes_)
		each->kill();
}

} /* namespace ksm */
