/* SPDX-License-Identifier: GPL-2.0 */
/* What a shell makes of the text after NAME=. */
#pragma once

#include <string>
#include <string_view>

#include "ksmtuned/assignments.hpp"

namespace ksm::tuned
{

/* The text, and how far it has been read. */
struct input {
	std::string_view text;
	const std::string &file;
	std::size_t pos = 0;
	unsigned line = 1;

	bool ended() const { return pos == text.size(); }
	std::string_view rest() const { return text.substr(pos); }
	char next() const { return text[pos]; }
	bool at(char c) const { return after(0) == c && !ended(); }
	bool at_continuation() const { return rest().starts_with("\\\n"); }

	/* A null character past the end, which the text itself has none of. */
	char after(std::size_t count) const
	{
		return count < text.size() - pos ? text[pos + count] : '\0';
	}

	/* The name that begins here, which may be none. */
	std::string_view peek_name() const;

	void skip(std::size_t count);

	bool take(char c)
	{
		if (!at(c))
			return false;
		skip(1);
		return true;
	}
};

/* Reads up to the blank or the line's end behind the value. Throws as read_assignments(). */
std::string read_value(input &in, const std::string &name, const variables &known);

} /* namespace ksm::tuned */
