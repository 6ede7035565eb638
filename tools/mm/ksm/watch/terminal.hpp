/* SPDX-License-Identifier: GPL-2.0 */
/* A terminal whose whole screen is ours until this ends, whatever ends it. */
#pragma once

#include <chrono>
#include <csignal>
#include <memory>
#include <vector>

#include "watch/panel.hpp"

namespace ksm
{

class terminal
{
public:
	enum class event { time_out, redraw, quit };

	/* Null where stdin or stdout is no terminal, or one that cannot do it. */
	static std::unique_ptr<terminal> take();
	~terminal();

	terminal(const terminal &) = delete;
	terminal &operator=(const terminal &) = delete;

	std::size_t columns() const;
	std::size_t rows() const;

	void show(const std::vector<panel_line> &lines);

	/* Until then, or until there is something to do. */
	event wait_until(std::chrono::steady_clock::time_point deadline);

private:
	explicit terminal(void *screen);

	event read_keys();
	event read_signal();

	void *screen_; /* ncurses' own, whose header is full of macros */
	int signals_;  /* is readable once a signal has come */
	sigset_t before_;
};

} /* namespace ksm */
