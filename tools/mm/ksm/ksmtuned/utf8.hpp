/* SPDX-License-Identifier: GPL-2.0 */
/* Names may be any bytes, but one that is no UTF-8 makes Prometheus refuse the whole file. */
#pragma once

#include <string>
#include <string_view>

namespace ksm::tuned
{

/* With a question mark for each byte that does not belong there. */
std::string valid_utf8(std::string_view text);

} /* namespace ksm::tuned */
