// SPDX-License-Identifier: GPL-2.0
#include "estimate/contents.hpp"

#include <cmath>

namespace ksm
{

bool contents::in_sample(std::uint64_t hash) const
{
	return !(hash & ((std::uint64_t(1) << level_) - 1));
}

void contents::add(std::uint64_t hash, bool huge)
{
	auto at = table_.find(hash);

	if (at == table_.end()) {
		if (!in_sample(hash))
			return;
		at = table_.emplace(hash, seen{0, 0, level_}).first;
	}
	at->second.pages++;
	at->second.small += !huge;
	if (table_.size() > most_)
		thin_out();
}

void contents::thin_out()
{
	level_++;
	for (auto at = table_.begin(); at != table_.end();) {
		auto &[hash, seen] = *at;
		/* The weight of one that stays in any case remains what it was. */
		const bool light = seen.pages <= tally::most_light;

		if (light)
			seen.level = level_;
		at = light && !in_sample(hash) ? table_.erase(at) : std::next(at);
	}
	/* Only where nearly all of it is to stay. */
	if (table_.size() > most_ / 4 * 3)
		most_ *= 2;
}

tally contents::count(std::uint32_t seen::*pages) const
{
	tally tally;

	tally.light_weight = std::ldexp(1, level_);
	for (const auto &[hash, seen] : table_) {
		if (seen.pages <= tally::most_light)
			tally.light[seen.*pages]++;
		else if (seen.*pages)
			tally.heavy.push_back({double(seen.*pages), std::ldexp(1, seen.level)});
	}
	tally.light[0] = 0;
	return tally;
}

tally contents::all() const
{
	return count(&seen::pages);
}

tally contents::small() const
{
	return count(&seen::small);
}

} /* namespace ksm */
