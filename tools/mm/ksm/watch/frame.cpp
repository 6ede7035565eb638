// SPDX-License-Identifier: GPL-2.0
#include "watch/frame.hpp"

#include "lib/proc/amounts.hpp"
#include "pace_text.hpp"

namespace ksm
{
namespace
{

/* To look at all processes takes a while where there are many. */
constexpr auto between_savers = std::chrono::seconds(2);

/* As many as the widest terminal could show. */
constexpr std::size_t longest_history = 1000;

} /* namespace */

camera::camera(const knobs &knobs, const std::string &proc)
	: knobs_(knobs), proc_(proc), ksmd_(proc)
{
	frame_.memory = amount_of(read_amounts(proc + "/meminfo"), "MemTotal");
}

void camera::read_knobs()
{
	frame_.pace = pace_text(knobs_);
	frame_.cost = knobs_.number("metadata_bytes");
	frame_.profit = knobs_.number("general_profit");
	frame_.pass = knobs_.number("full_scan_msecs");
	frame_.chains = knobs_.number("stable_node_chains");
	frame_.dups = knobs_.number("stable_node_dups");
	frame_.stale = knobs_.number("chains_prune_miss_ratio");
	frame_.pending = knobs_.number("domain_pending");
}

const frame &camera::take()
{
	const sample before = frame_.figures;

	frame_.figures = take_sample(knobs_, ksmd_);
	if (!first_)
		frame_.cpu = cpu_percent(before, frame_.figures);
	read_knobs();

	frame_.history.push_back(frame_.figures.saved_bytes.value_or(0));
	if (frame_.history.size() > longest_history)
		frame_.history.erase(frame_.history.begin());

	if (first_ || frame_.figures.when - savers_read_ >= between_savers) {
		frame_.savers = find_savers(proc_);
		savers_read_ = frame_.figures.when;
	}
	first_ = false;
	return frame_;
}

} /* namespace ksm */
