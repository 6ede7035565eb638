// SPDX-License-Identifier: GPL-2.0
#include "live_line.hpp"

#include <algorithm>

#include <unistd.h>

#include "format.hpp"
#include "text.hpp"

namespace ksm
{
namespace
{

constexpr std::chrono::milliseconds interval(500);

} /* namespace */

live_line::live_line()
	: terminal_(isatty(STDERR_FILENO)), due_(std::chrono::steady_clock::now() + interval)
{
}

live_line::~live_line()
{
	if (shown_)
		fmt::print(stderr, "\r{:{}}\r", "", shown_);
}

bool live_line::is_due()
{
	const auto now = std::chrono::steady_clock::now();

	if (!terminal_ || now < due_)
		return false;
	due_ = now + interval;
	return true;
}

void live_line::show(const std::string &text)
{
	const std::string part = text.substr(0, line_width(STDERR_FILENO));

	/* The blanks cover what a longer text has left. */
	fmt::print(stderr, "\r{:<{}}", part, shown_);
	shown_ = std::max(shown_, part.size());
}

} /* namespace ksm */
