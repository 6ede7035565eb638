/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <random>
#include <vector>

#include "attack/channel.hpp"
#include "attack/place.hpp"
#include "attack/statistics.hpp"
#include "support/child.hpp"

namespace ksm
{

struct attack_options {
	unsigned passes = 4; /* of ksmd, between the offer and the measurement */
	bool quick = false;
};

/* All that a column of a channel has given. */
struct column_samples {
	column what;
	numbers matched;
	numbers control;
};

struct findings {
	std::vector<column_samples> columns;
	double merged = 0; /* of the right guesses, the part that shares its secret's frame */
	double seconds = 0;
	unsigned trials = 0;
};

/* Trials of one channel, each with two new processes, and nothing merged at first. */
class series
{
public:
	series(channel &what, const place &where, holder who, const attack_options &options);

	findings run();

private:
	void trial();
	void draw();
	void hold_secrets(parent_link &parent) const;
	void attack(parent_link &parent);
	void keep(const frames &merged);

	channel &channel_;
	const place &place_;
	const holder who_;
	const attack_options options_;
	const trials size_;
	std::mt19937_64 random_{1};
	std::vector<bool> all_right_; /* in each trial, where it is one or the other */
	std::vector<bool> right_;
	samples out_;
	shared_array<std::uintptr_t> guesses_, spare_, secrets_; /* where the pages are */
	std::size_t right_guesses_ = 0;
	std::size_t shared_ = 0;
	findings found_;
};

} /* namespace ksm */
