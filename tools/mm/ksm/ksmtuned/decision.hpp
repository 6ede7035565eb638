/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When ksmd runs, and at which pace: arithmetic alone. The same as of the script that was
 * ksmtuned before, whose whole numbers round as C's do.
 */
#pragma once

#include <cstdint>

#include "ksmtuned/settings.hpp"

namespace ksm::tuned
{

/* All in kB. */
struct load {
	std::int64_t committed; /* by virtual machines */
	std::int64_t free;
};

struct decision {
	enum class kind { stop, boost, decay };

	kind what;
	std::int64_t pages; /* to scan before each sleep */
};

class pacer
{
public:
	pacer(const settings &settings, std::int64_t total_kb);

	/* From now on; the pace that has been reached is kept. */
	void use(const settings &settings, std::int64_t total_kb);

	decision decide(const load &load);

	std::int64_t total() const { return total_; }
	std::int64_t sleep_msec() const { return sleep_; }
	std::int64_t threshold() const { return threshold_; }

private:
	std::int64_t total_;
	std::int64_t sleep_;
	std::int64_t threshold_;
	std::int64_t boost_, decay_, min_, max_;
	std::int64_t pages_ = 0;
};

} /* namespace ksm::tuned */
