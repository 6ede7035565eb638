/* SPDX-License-Identifier: GPL-2.0 */
/* How far a pass is, by the pages that ksmd has visited in it. */
#pragma once

#include <cstdint>
#include <optional>

#include "knobs.hpp"

namespace ksm
{

class visits
{
public:
	explicit visits(const knobs &knobs);

	/* @pass: the number of passes that have ended. */
	void look(std::int64_t pass);

	/*
	 * Of the present pass: by what the last one visited, or by what is offered, which only
	 * root can read. Nothing before the first one that we saw begin.
	 */
	std::optional<int> percent() const;

private:
	std::optional<std::int64_t> visited() const;

	const knobs &knobs_;
	std::optional<std::int64_t> pass_;
	std::optional<std::int64_t> at_begin_;
	std::optional<std::int64_t> all_;
};

} /* namespace ksm */
