// SPDX-License-Identifier: GPL-2.0
#include "watch/terminal.hpp"

#include <clocale>

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#if !__has_include(<ncurses.h>)
#error "ncurses is missing: apt-get install libncurses-dev"
#endif
#define NCURSES_NOMACROS
#include <ncurses.h>

#include "watch/terminal_type.hpp"

namespace ksm
{

std::unique_ptr<terminal> terminal::take()
{
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || !can_move_cursor(STDOUT_FILENO))
		return nullptr;
	/* For names in UTF-8; the figures stay in C's own. */
	std::setlocale(LC_CTYPE, "");
	/* A COLUMNS that was exported may be that of another terminal. */
	use_env(false);
	use_tioctl(true);
	SCREEN *screen = newterm(nullptr, stdout, stdin);
	return screen ? std::unique_ptr<terminal>(new terminal(screen)) : nullptr;
}

terminal::terminal(void *screen) : screen_(screen)
{
	sigset_t ours;

	/*
	 * Read by signalfd, so that they come between two frames, and the destructor runs.
	 * SIGTSTP is left to ncurses, which hands the screen back meanwhile.
	 */
	sigemptyset(&ours);
	for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH})
		sigaddset(&ours, signal);
	sigprocmask(SIG_BLOCK, &ours, &before_);
	signals_ = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);

	cbreak();
	noecho();
	nonl();
	keypad(stdscr, true);
	nodelay(stdscr, true);
	curs_set(0);
}

terminal::~terminal()
{
	endwin();
	delscreen(static_cast<SCREEN *>(screen_));
	close(signals_);
	sigprocmask(SIG_SETMASK, &before_, nullptr);
}

std::size_t terminal::columns() const
{
	return std::size_t(getmaxx(stdscr));
}

std::size_t terminal::rows() const
{
	return std::size_t(getmaxy(stdscr));
}

void terminal::show(const std::vector<panel_line> &lines)
{
	erase();
	for (std::size_t row = 0; row < lines.size(); row++) {
		const auto &[text, bold] = lines[row];

		if (bold)
			attron(A_BOLD);
		mvaddstr(int(row), 0, text.c_str());
		attroff(A_BOLD);
	}
	refresh();
}

terminal::event terminal::read_keys()
{
	constexpr int control_l = 'L' & 0x1f;
	int key = getch();

	/* Readable, and nothing there: the terminal is gone. */
	if (key == ERR)
		return event::quit;
	for (; key != ERR; key = getch()) {
		if (key == 'q' || key == 'Q')
			return event::quit;
		if (key == control_l)
			clearok(curscr, true);
	}
	return event::redraw;
}

terminal::event terminal::read_signal()
{
	struct signalfd_siginfo info = {};
	struct winsize size = {};

	if (read(signals_, &info, sizeof(info)) != sizeof(info))
		return event::time_out;
	if (info.ssi_signo != SIGWINCH)
		return event::quit;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col)
		resizeterm(size.ws_row, size.ws_col);
	return event::redraw;
}

terminal::event terminal::wait_until(std::chrono::steady_clock::time_point deadline)
{
	using namespace std::chrono;
	struct pollfd waits[] = {{STDIN_FILENO, POLLIN, 0}, {signals_, POLLIN, 0}};
	const auto left = ceil<milliseconds>(deadline - steady_clock::now()).count();

	if (poll(waits, std::size(waits), left > 0 ? int(left) : 0) <= 0)
		return event::time_out;
	return waits[1].revents ? read_signal() : read_keys();
}

} /* namespace ksm */
