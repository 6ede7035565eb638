/* SPDX-License-Identifier: GPL-2.0 */
/* What a terminal can do. */
#pragma once

namespace ksm
{

/* True if the type that TERM names can be written to at any place, as a screen needs. */
bool can_move_cursor(int fd);

} /* namespace ksm */
