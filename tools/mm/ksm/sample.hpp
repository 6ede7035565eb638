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

struct sample {
	std::chrono::steady_clock::time_point when;
	std::int64_t shared;
	std::int64_t sharing;
	std::int64_t unshared;
	std::int64_t volatile_pages;
	std::int64_t zero_pages;
	std::int64_t full_scans;
	std::int64_t saved_bytes;
	std::optional<std::chrono::nanoseconds> ksmd_cpu;

	double saved_mib() const { return static_cast<double>(saved_bytes) / (1 << 20); }
};

sample take_sample(const knobs &knobs, const ksmd &ksmd);

/* ksmd's share of one CPU between two samples, in percent. */
std::optional<double> cpu_percent(const sample &from, const sample &to);

/* Follows a series: its peak, and how fast it was reached. */
class course
{
public:
	explicit course(const sample &first);

	void add(const sample &sample);

	const sample &peak() const { return records_.back(); }

	double seconds(const sample &sample) const;

	/* Seconds until @part of what the peak saves was saved. */
	double seconds_until(double part) const;

	double wall_seconds() const;
	std::optional<double> cpu_seconds() const;
	std::int64_t full_scans() const;

private:
	sample first_;
	sample last_;
	std::int64_t full_scans_ = 0;
	std::vector<sample> records_; /* each saves more than the one before */
};

} /* namespace ksm */
