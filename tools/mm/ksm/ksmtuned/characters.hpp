/* SPDX-License-Identifier: GPL-2.0 */
/* Kinds of characters, whatever the locale says. */
#pragma once

namespace ksm::tuned
{

constexpr bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

constexpr bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Of a variable. */
constexpr bool starts_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

constexpr bool in_name(char c)
{
	return starts_name(c) || is_digit(c);
}

} /* namespace ksm::tuned */
