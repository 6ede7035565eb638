// SPDX-License-Identifier: GPL-2.0
#include "sample.hpp"

#include <algorithm>

#include "lib/page_size.hpp"

namespace ksm
{
namespace
{

using seconds_t = std::chrono::duration<double>;

/* A kernel without ksm_zero_pages makes none; one that hides it may have made many. */
sample::count saved_bytes(const knobs &knobs, const sample &s)
{
	if (!s.sharing || (!s.zero_pages && knobs.has("ksm_zero_pages")))
		return std::nullopt;
	return bytes_of(*s.sharing + s.zero_pages.value_or(0));
}

} /* namespace */

std::optional<double> sample::cpu_seconds() const
{
	if (!ksmd_cpu)
		return std::nullopt;
	return seconds_t(*ksmd_cpu).count();
}

sample take_sample(const knobs &knobs, const ksmd &ksmd)
{
	sample s = {};

	s.when = std::chrono::steady_clock::now();
	s.run = knobs.number("run");
	s.shared = possible_pages(knobs.number("pages_shared"));
	s.sharing = possible_pages(knobs.number("pages_sharing"));
	s.unshared = possible_pages(knobs.number("pages_unshared"));
	s.volatile_pages = possible_pages(knobs.number("pages_volatile"));
	s.zero_pages = possible_pages(knobs.number("ksm_zero_pages"));
	s.full_scans = knobs.number("full_scans");
	s.saved_bytes = saved_bytes(knobs, s);
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
	const std::int64_t before = last_.full_scans.value_or(0);
	const std::int64_t now = sample.full_scans.value_or(0);

	/* run=2 sets the kernel's count back to 0. */
	full_scans_ += now >= before ? now - before : now;
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
	const double goal = part * double(peak().saved_bytes.value_or(0));
	const auto reached = std::ranges::find_if(records_, [goal](const sample &s) {
		return double(s.saved_bytes.value_or(0)) >= goal;
	});

	return seconds(*reached);
}

double course::wall_seconds() const
{
	return seconds(last_);
}

std::optional<double> course::cpu_seconds() const
{
	const auto from = first_.cpu_seconds(), to = last_.cpu_seconds();

	if (!from || !to)
		return std::nullopt;
	return *to - *from;
}

std::optional<std::int64_t> course::full_scans() const
{
	if (!last_.full_scans)
		return std::nullopt;
	return full_scans_;
}

} /* namespace ksm */
