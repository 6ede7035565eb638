// SPDX-License-Identifier: GPL-2.0
/*
 * Which frames pages are in, before and after. Who can have a secret come to be in a frame
 * that he has chosen, or who gets the frame that merging has freed, can use what he knows of
 * that frame: that a bit of it flips when rows beside it are hammered.
 */
#include <unordered_set>

#include "attack/channels.hpp"

namespace ksm
{

namespace
{

using frame_set = std::unordered_set<std::uint64_t>;

frame_set set_of(const std::vector<std::uint64_t> &numbers)
{
	frame_set all(numbers.begin(), numbers.end());

	all.erase(0); /* no page */
	return all;
}

/* A secret that nobody has guessed stays where it was. */
class kept final : public channel
{
public:
	std::vector<column> columns() const override { return {{"A9 frame kept", "frames"}}; }
	bool for_guests() const override { return true; }
	bool is_judged_by_root() const override { return true; }

	void judge(const frames &offered, const frames &merged, const samples &out) const override
	{
		const frame_set attackers = set_of(offered.guesses);

		for (std::size_t i = 0; i < merged.secrets.size(); i++)
			out.put(i, 0, double(attackers.count(merged.secrets[i])));
	}
};

/* Of each pair, the frames that both sides had, and that the attacker has again. */
class reused final : public channel
{
public:
	std::vector<column> columns() const override { return {{"A10 frame reused", "frames"}}; }
	std::size_t spare_pages() const override { return 2048; }
	bool for_guests() const override { return true; }
	bool is_judged_by_root() const override { return true; }

	void measure(const attacker &me) override { me.guesses.touch_spare(); }

	void judge(const frames &offered, const frames &merged, const samples &out) const override
	{
		const frame_set fresh = set_of(merged.spare);

		for (std::size_t i = 0; i < offered.secrets.size(); i++)
			out.put(i, 0,
				double(fresh.count(offered.secrets[i]) +
				       fresh.count(offered.guesses[i])));
	}
};

} /* namespace */

std::unique_ptr<channel> frame_kept()
{
	return std::make_unique<kept>();
}

std::unique_ptr<channel> frame_reused()
{
	return std::make_unique<reused>();
}

} /* namespace ksm */
