/* SPDX-License-Identifier: GPL-2.0 */
/* The screen of 'watch', as text. */
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "watch/frame.hpp"

namespace ksm
{

struct panel_line {
	std::string text;
	bool bold = false;
};

/* No more lines than @rows, and none longer than @columns. */
std::vector<panel_line> panel(const frame &frame, std::size_t columns, std::size_t rows);

} /* namespace ksm */
