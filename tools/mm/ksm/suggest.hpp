/* SPDX-License-Identifier: GPL-2.0 */
/* Which word may have been meant by one that is not known. */
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ksm
{

/* "; did you mean 'status'?", or nothing where no word is near. */
std::string did_you_mean(std::string_view word, const std::vector<std::string> &known);

} /* namespace ksm */
