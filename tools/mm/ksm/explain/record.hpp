/* SPDX-License-Identifier: GPL-2.0 */
/* What 'explain' found, as JSON. */
#pragma once

#include <string>
#include <vector>

#include "explain/finding.hpp"

namespace ksm
{

std::string explain_record(const view &view, const std::vector<finding> &found);

} /* namespace ksm */
