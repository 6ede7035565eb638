/* SPDX-License-Identifier: GPL-2.0 */
/* Tells how far the kernel is with unsharing everything. */
#pragma once

#include <cstdint>
#include <optional>
#include <thread>

#include "knobs.hpp"

namespace ksm
{

/* What run=2 has to make private copies of; nothing where the counters are hidden. */
std::optional<std::int64_t> still_merged(const knobs &knobs);

/*
 * While this lives, tells every now and then how much is still merged: in place on a
 * terminal, else by a line each time.
 */
class progress
{
public:
	explicit progress(const knobs &knobs);

private:
	void tell(const std::stop_token &stop) const;

	const knobs &knobs_;
	std::jthread thread_;
};

} /* namespace ksm */
