/* SPDX-License-Identifier: GPL-2.0 */
/* nlohmann-json, which writes JSON; says which package brings it. */
#pragma once

#if !__has_include(<nlohmann/json.hpp>)
#error "nlohmann-json is missing: apt-get install nlohmann-json3-dev"
#endif
#include <nlohmann/json.hpp>

namespace ksm
{

/* With the members in the order in which they were added. */
using json = nlohmann::ordered_json;

} /* namespace ksm */
