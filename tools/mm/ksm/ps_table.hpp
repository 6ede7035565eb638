/* SPDX-License-Identifier: GPL-2.0 */
/* The table that 'ps' prints: as many columns as the terminal is wide enough for. */
#pragma once

#include <vector>

#include "ps_rows.hpp"

namespace ksm
{

/* With the sum in a last line. */
void print_rows(const std::vector<ps_row> &rows, ps_by by);

} /* namespace ksm */
