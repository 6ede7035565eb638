/* SPDX-License-Identifier: GPL-2.0 */
/* Names may be any bytes, but who reads what we write takes UTF-8 only. */
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ksm
{

/* With a question mark for each byte that does not belong there. */
std::string valid_utf8(std::string_view text);

/* The same for a terminal, which obeys some characters instead of showing them. */
std::string printable(std::string_view text);

/* How many characters it has; it is valid. */
std::size_t characters(std::string_view text);

} /* namespace ksm */
