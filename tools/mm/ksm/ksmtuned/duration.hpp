/* SPDX-License-Identifier: GPL-2.0 */
/* A time to wait, as sleep(1) takes it. */
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace ksm::tuned
{

/* "60", "0.5", "1.5m"; nothing for another text, less than 0.1 s, or more than a year. */
std::optional<std::chrono::milliseconds> duration_in(std::string_view text);

/* In seconds, as duration_in() takes it. */
std::string duration_text(std::chrono::milliseconds duration);

} /* namespace ksm::tuned */
