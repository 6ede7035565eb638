/* SPDX-License-Identifier: GPL-2.0 */
/* What the screen of 'watch' shows at one moment. */
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "knobs.hpp"
#include "ksmd.hpp"
#include "sample.hpp"
#include "watch/savers.hpp"

namespace ksm
{

struct frame {
	using count = std::optional<std::int64_t>;

	sample figures;
	std::optional<double> cpu; /* percent, since the frame before */
	std::string pace;
	count cost;   /* bytes */
	count profit; /* bytes */
	count pass;   /* milliseconds of the last one */
	count chains;
	count dups;
	count stale;			   /* percent */
	count pending;			   /* pages of domains that were left */
	count memory;			   /* bytes of the machine */
	std::vector<std::int64_t> history; /* bytes saved, the newest last */
	ksm::savers savers;
};

/* Takes one frame after the other. */
class camera
{
public:
	camera(const knobs &knobs, const std::string &proc);

	const frame &take();

private:
	void read_knobs();

	const knobs &knobs_;
	std::string proc_;
	ksmd ksmd_;
	frame frame_;
	bool first_ = true;
	std::chrono::steady_clock::time_point savers_read_;
};

} /* namespace ksm */
