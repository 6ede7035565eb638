// SPDX-License-Identifier: GPL-2.0
#include "tests/tmux.hpp"

#include <fstream>

#include <unistd.h>

#include "tests/program.hpp"

namespace ksm
{

bool have_tmux()
{
	int status = 0;

	shell("command -v tmux", &status);
	return !status;
}

/* A server of its own: one that is about to end would take the next session with it. */
tmux::tmux(std::string socket, const std::string &command, unsigned columns, unsigned rows)
	: socket_(std::move(socket))
{
	const std::string script = socket_ + ".sh";

	std::ofstream(script) << command << "\nexec sleep 60\n";
	run("new-session -d -x " + std::to_string(columns) + " -y " + std::to_string(rows) +
	    " 'sh " + script + "'");
}

tmux::~tmux()
{
	run("kill-server");
}

std::string tmux::run(const std::string &words) const
{
	return shell("tmux -f /dev/null -S " + socket_ + " " + words + " 2>&1");
}

std::string tmux::screen(bool joined) const
{
	return run(joined ? "capture-pane -pJ" : "capture-pane -p");
}

std::string tmux::screen_with(const std::string &text) const
{
	std::string now;

	for (int i = 0; i < 300; i++) {
		now = screen();
		if (now.find(text) != std::string::npos)
			break;
		usleep(100'000);
	}
	return now;
}

void tmux::type(const std::string &keys) const
{
	run("send-keys " + keys);
}

void tmux::resize(unsigned columns, unsigned rows) const
{
	run("resize-window -x " + std::to_string(columns) + " -y " + std::to_string(rows));
}

std::string tmux::value(const std::string &format) const
{
	const std::string text = run("display-message -p '" + format + "'");

	return text.substr(0, text.find('\n'));
}

} /* namespace ksm */
