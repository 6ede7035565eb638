/* SPDX-License-Identifier: GPL-2.0 */
/* A terminal that tests can look at. */
#pragma once

#include <functional>
#include <string>

namespace ksm
{

bool have_tmux();

class tmux
{
public:
	/* @command: for the shell; when it ends, the screen stays. @socket: a file of its own. */
	tmux(std::string socket, const std::string &command, unsigned columns, unsigned rows);
	~tmux();

	tmux(const tmux &) = delete;
	tmux &operator=(const tmux &) = delete;

	/* Lines that were wrapped are lines of their own, unless they are joined. */
	std::string screen(bool joined = false) const;

	/* Waits for a text, and returns the screen, also if the text does not come. */
	std::string screen_with(const std::string &text) const;

	void type(const std::string &keys) const;
	void resize(unsigned columns, unsigned rows) const;

	/* What tmux knows about it: "#{alternate_on}". */
	std::string value(const std::string &format) const;

private:
	std::string run(const std::string &words) const;

	std::string socket_;
};

} /* namespace ksm */
