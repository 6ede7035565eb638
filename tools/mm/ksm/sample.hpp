/* SPDX-License-Identifier: GPL-2.0 */
/* KSM's figures at one moment, and what a series of them shows. */
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "knobs.hpp"
#include "ksmd.hpp"

namespace ksm
{

/* Nothing for what this kernel does not have, or does not show to us. */
struct sample {
	using count = std::optional<std::int64_t>;

	std::chrono::steady_clock::time_point when;
	count run;
	count shared;
	count sharing;
	count unshared;
	count volatile_pages;
	count zero_pages;
	count full_scans;
	count saved_bytes;
	std::optional<std::chrono::nanoseconds> ksmd_cpu;

	std::optional<double> cpu_seconds() const;
};

sample take_sample(const knobs &knobs, const ksmd &ksmd);

/* ksmd's share of one CPU between two samples, in percent. */
std::optional<double> cpu_percent(const sample &from, const sample &to);

/* Follows a series: its peak, and how fast it was reached. */
class course
{
public:
	/* The part of the peak whose time is of interest, too. */
	static constexpr double most = 0.9;

	explicit course(const sample &first);

	void add(const sample &sample);

	const sample &peak() const { return records_.back(); }

	double seconds(const sample &sample) const;

	/* Seconds until @part of what the peak saves was saved. */
	double seconds_until(double part) const;

	double wall_seconds() const;
	std::optional<double> cpu_seconds() const;
	std::optional<std::int64_t> full_scans() const;

private:
	sample first_;
	sample last_;
	std::int64_t full_scans_ = 0;
	std::vector<sample> records_; /* each saves more than the one before */
};

} /* namespace ksm */
