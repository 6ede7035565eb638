/* SPDX-License-Identifier: GPL-2.0 */
/* How far we are, on a line of the terminal that goes away in the end. */
#pragma once

#include <chrono>
#include <string>

namespace ksm
{

class live_line
{
public:
	live_line();
	~live_line();
	live_line(const live_line &) = delete;
	live_line &operator=(const live_line &) = delete;

	/* True once in each half second, on a terminal only: then there is something to show. */
	bool is_due();
	void show(const std::string &text);

private:
	bool terminal_;
	std::chrono::steady_clock::time_point due_;
	std::size_t shown_ = 0; /* characters */
};

} /* namespace ksm */
