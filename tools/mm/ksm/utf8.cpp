// SPDX-License-Identifier: GPL-2.0
#include "utf8.hpp"

#include <algorithm>

namespace ksm
{
namespace
{

/* Bytes of the character that the text begins with; 0 if it is none. */
std::size_t character(std::string_view text)
{
	static constexpr unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char first = text[0];
	const std::size_t length = first < 0x80		    ? 1
				   : (first & 0xe0) == 0xc0 ? 2
				   : (first & 0xf0) == 0xe0 ? 3
				   : (first & 0xf8) == 0xf0 ? 4
							    : 0;
	unsigned code = length == 1 ? first : first & (0x7fu >> length);

	if (!length || length > text.size())
		return 0;
	for (const unsigned char c : text.substr(1, length - 1)) {
		if ((c & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (c & 0x3f);
	}
	/* Overlong, a surrogate, or past the last one. */
	if (code < least[length] || (code >= 0xd800 && code < 0xe000) || code > 0x10ffff)
		return 0;
	return length;
}

} /* namespace */

std::string valid_utf8(std::string_view text)
{
	std::string valid;

	while (!text.empty()) {
		const std::size_t length = character(text);

		valid += length ? text.substr(0, length) : "?";
		text.remove_prefix(length ? length : 1);
	}
	return valid;
}

std::string printable(std::string_view text)
{
	std::string shown = valid_utf8(text);

	/* The second range of controls is 0xc2 and 0x80 to 0x9f. */
	for (std::size_t i = 0; i < shown.size(); i++) {
		const unsigned char c = shown[i];

		if (c < 0x20 || c == 0x7f)
			shown[i] = '?';
		else if (c == 0xc2 && (unsigned char)shown[i + 1] < 0xa0)
			shown.replace(i, 2, "?");
	}
	return shown;
}

std::size_t characters(std::string_view text)
{
	return std::size_t(
		std::ranges::count_if(text, [](unsigned char c) { return (c & 0xc0) != 0x80; }));
}

} /* namespace ksm */
