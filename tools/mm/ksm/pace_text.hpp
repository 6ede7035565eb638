/* SPDX-License-Identifier: GPL-2.0 */
/* How fast ksmd goes, and who says so. */
#pragma once

#include <string>

#include "knobs.hpp"

namespace ksm
{

/* "100 pages, then 20 ms of sleep, by scan-time" */
std::string pace_text(const knobs &knobs);

} /* namespace ksm */
