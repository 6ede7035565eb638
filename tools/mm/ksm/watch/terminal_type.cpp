// SPDX-License-Identifier: GPL-2.0
#include "watch/terminal_type.hpp"

/* They define macros with names like 'columns', so that nothing else is in this file. */
#include <curses.h>
#include <term.h>

namespace ksm
{

bool can_move_cursor(int fd)
{
	int found = 0;

	if (setupterm(nullptr, fd, &found) != OK)
		return false;
	const char *move = tigetstr("cup");
	const bool can = move && move != reinterpret_cast<const char *>(-1);

	del_curterm(set_curterm(nullptr));
	return can;
}

} /* namespace ksm */
