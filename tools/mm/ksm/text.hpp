/* SPDX-License-Identifier: GPL-2.0 */
/* Text that fits the terminal, and amounts as people read them. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ksm
{

/* Columns that a line to this descriptor may fill: 79 unless it is a narrower or wider terminal. */
std::size_t line_width(int fd);

/*
 * Breaks each line of @text at blanks so that none is longer than @width, and indents what
 * is broken off by @indent. A word that is longer than that stays whole.
 */
std::string wrap(std::string_view text, std::size_t width, std::size_t indent = 0);

/* "1.25 GiB", "-" for nothing. */
std::string bytes_text(std::optional<std::int64_t> bytes);

/* The number as it is, "-" for nothing. */
std::string count_text(std::optional<std::int64_t> count);

/* The same in no more than @width characters: 1234567 becomes 1235k. */
std::string short_count(std::optional<std::int64_t> count, std::size_t width);

/* "7, the last took 1.3 s": the kernel counts anew after run=2, but keeps what one took. */
std::string passes_text(std::optional<std::int64_t> count,
			std::optional<std::int64_t> milliseconds);

/* "250 ms", "20 s", "35 minutes", "49.7 days". */
std::string duration_text(std::uint64_t milliseconds);

} /* namespace ksm */
