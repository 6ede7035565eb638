/* SPDX-License-Identifier: GPL-2.0 */
/* How many passes have gone over all memory since a moment. */
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace ksm
{

class passes
{
public:
	using time = std::chrono::steady_clock::time_point;

	explicit passes(std::int64_t full_scans) : first_(full_scans), last_(full_scans) {}

	void look(std::int64_t full_scans, time now)
	{
		/* It starts again at 0 after run=2. */
		if (full_scans < last_)
			first_ = full_scans;
		if (full_scans != last_)
			begun_ = now;
		last_ = full_scans;
	}

	/* Not the one that was under way at first: it had begun before. */
	std::int64_t done() const { return std::max<std::int64_t>(0, last_ - first_ - 1); }

	/* "1 pass done" */
	std::string text() const
	{
		return std::to_string(done()) + (done() == 1 ? " pass done" : " passes done");
	}

	std::int64_t seen() const { return last_; }

	/* When the present one has begun; nothing of the first, which we did not see. */
	std::optional<time> begun() const { return begun_; }

private:
	std::int64_t first_;
	std::int64_t last_;
	std::optional<time> begun_;
};

} /* namespace ksm */
