// SPDX-License-Identifier: GPL-2.0
#include "sample.hpp"

#include <algorithm>

#include <unistd.h>

namespace ksm
{
namespace
{

using seconds_t = std::chrono::duration<double>;

} /* namespace */

sample take_sample(const knobs &knobs, const ksmd &ksmd)
{
	sample s = {};

	s.when = std::chrono::steady_clock::now();
	s.shared = knobs.number("pages_shared");
	s.sharing = knobs.number("pages_sharing");
	s.unshared = knobs.number("pages_unshared");
	s.volatile_pages = knobs.number("pages_volatile");
	s.zero_pages = knobs.number_if_there("ksm_zero_pages").value_or(0);
	s.full_scans = knobs.number("full_scans");
	s.saved_bytes = (s.sharing + s.zero_pages) * sysconf(_SC_PAGESIZE);
	s.ksmd_cpu = ksmd.cpu_time();
	return s;
}

std::optional<double> cpu_percent(const sample &from, const sample &to)
{
	const seconds_t wall = to.when - from.when;

	if (!from.ksmd_cpu || !to.ksmd_cpu || wall.count() <= 0)
		return std::nullopt;
	return 100 * (seconds_t(*to.ksmd_cpu - *from.ksmd_cpu) / wall);
}

course::course(const sample &first) : first_(first), last_(first), records_{first} {}

void course::add(const sample &sample)
{
	/* run=2 sets the kernel's count back to 0. */
	if (sample.full_scans >= last_.full_scans)
		full_scans_ += sample.full_scans - last_.full_scans;
	else
		full_scans_ += sample.full_scans;
	last_ = sample;
	if (sample.saved_bytes > records_.back().saved_bytes)
		records_.push_back(sample);
}

double course::seconds(const sample &sample) const
{
	return seconds_t(sample.when - first_.when).count();
}

double course::seconds_until(double part) const
{
	const double goal = part * static_cast<double>(peak().saved_bytes);
	const auto reached = std::ranges::find_if(records_, [goal](const sample &s) {
		return static_cast<double>(s.saved_bytes) >= goal;
	});

	return seconds(*reached);
}

double course::wall_seconds() const
{
	return seconds(last_);
}

std::optional<double> course::cpu_seconds() const
{
	if (!first_.ksmd_cpu || !last_.ksmd_cpu)
		return std::nullopt;
	return seconds_t(*last_.ksmd_cpu - *first_.ksmd_cpu).count();
}

std::int64_t course::full_scans() const
{
	return full_scans_;
}

} /* namespace ksm */
