// SPDX-License-Identifier: GPL-2.0
#include "visits.hpp"

#include <algorithm>

namespace ksm
{

visits::visits(const knobs &knobs) : knobs_(knobs) {}

std::optional<std::int64_t> visits::visited() const
{
	const auto read = knobs_.number("pages_scanned"), skipped = knobs_.number("pages_skipped");

	return read && skipped ? std::optional(*read + *skipped) : std::nullopt;
}

void visits::look(std::int64_t pass)
{
	if (pass_ == pass)
		return;
	const auto now = visited();
	/* Of what is offered, not all need be there: what a whole pass visited is better. */
	if (now && at_begin_)
		all_ = *now - *at_begin_;
	else if (pass_)
		all_ = knobs_.number("pages_offered");
	if (pass_)
		at_begin_ = now;
	pass_ = pass;
}

std::optional<int> visits::percent() const
{
	const auto now = visited();

	if (!now || !at_begin_ || all_.value_or(0) <= 0 || *now < *at_begin_)
		return std::nullopt;
	return int(std::min(99.0, 100.0 * double(*now - *at_begin_) / double(*all_)));
}

} /* namespace ksm */
