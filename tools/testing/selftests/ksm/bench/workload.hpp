/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "bench/scenario.hpp"
#include "support/child.hpp"
#include "support/passes.hpp"
#include "support/region.hpp"

/* What scenarios are made of: memory of a certain kind, and a clock. */
namespace ksm
{

/* Every region of a scenario takes its contents from here on. */
inline constexpr std::uint64_t first_seed = 1ULL << 40;

void fill_with_unique(const region &memory);
/* Each page of the first half is equal to one of the second. */
void fill_with_pairs(const region &memory);
/* All equal, but for the last 8 bytes. */
void fill_with_tails(const region &memory);
/* Anonymous pages that are empty, not mappings of the zero page. */
void fill_with_zeroes(const region &memory);

/*
 * A tenth has duplicates, in clusters of 64 pages that lie unevenly among the others;
 * tells how many pages can be saved.
 */
std::size_t fill_with_mix(const region &memory);

/* fill_with_pairs(), and passes until every page is shared with the other of its pair. */
void merge_pairs(const region &memory);

/* The monotonic clock. */
std::uint64_t now_ns();

/* What ksmd used in some stretch of time. */
class stretch
{
public:
	std::uint64_t wall_ns() const { return now_ns() - wall_; }
	std::uint64_t cpu_ns() const { return ksmd_cpu_ns() - cpu_; }
	double percent() const { return 100.0 * double(cpu_ns()) / double(wall_ns()); }

private:
	std::uint64_t wall_ = now_ns();
	std::uint64_t cpu_ = ksmd_cpu_ns();
};

/* ksmd's pace, as it is from boot on. */
void set_as_at_boot();

/*
 * ksmd is timed by the wall clock from now on: for a kernel that counts CPU time in
 * ticks, as User Mode Linux does. There must be one CPU, and nobody else who wants it.
 */
void time_ksmd_by_wall();

/* The clock that ksmd is timed by, in ns. */
std::uint64_t ksmd_clock_ns();

/* Adds the cost of one pass of ksmd. */
void measure_pass(stepper &ksmd, cost &sum);

/* How many passes to measure: as many as are asked for, or as is usual. */
unsigned passes_of(const bench_options &options, unsigned usual);

/* Passes over pages that nobody writes to, once all that can happen to them has. */
cost measure_settled(const bench_options &options, std::size_t pages);

/* Passes until so many pages are saved; what has been merged after each is kept. */
void pass_until(stepper &ksmd, cost &result, const char *counter, long wanted);

/* What the caller does, by the wall clock. */
cost measure_wall(std::size_t pages, const std::function<void()> &work);

using regions = std::vector<std::unique_ptr<region>>;

/* Processes that lie still, each with the memory that it was told to lay out. */
class sleepers
{
public:
	sleepers(std::size_t count, const std::function<regions(std::size_t)> &lay_out);
	~sleepers();
	sleepers(const sleepers &) = delete;
	sleepers &operator=(const sleepers &) = delete;

private:
	std::vector<std::unique_ptr<child>> processes_;
};

/* A process with so many pages, each of which is shared with one other there. */
std::unique_ptr<sleepers> sleeper_of_merged_pairs(std::size_t pages);

} /* namespace ksm */
