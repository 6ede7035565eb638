/* SPDX-License-Identifier: GPL-2.0 */
/* What each knob takes, and which values the kernel takes that make no sense. */
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "knobs.hpp"

namespace ksm
{

/* "0 (stop), ..."; nothing for a knob that we do not know. */
std::optional<std::string> accepted(const std::string &name, const knob_value &now);

/* False if the kernel would refuse the value; true where we do not know the knob. */
bool acceptable(const std::string &name, const std::string &value, const knob_value &now);

/* True for those that can change only while nothing is merged. */
bool needs_unmerged(const std::string &name);

/* True for what ksmd does not go by while @advisor is in force. */
bool without_effect(const std::string &name, const std::string &advisor);

/* What is odd about a value; nothing if it makes sense. */
std::optional<std::string> oddity(const std::string &name, const std::string &value,
				  const std::string &advisor);

} /* namespace ksm */
