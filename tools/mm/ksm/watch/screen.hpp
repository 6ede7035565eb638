/* SPDX-License-Identifier: GPL-2.0 */
/* 'watch' on a whole screen. */
#pragma once

#include <string>

#include "knobs.hpp"
#include "watch/options.hpp"
#include "watch/terminal.hpp"

namespace ksm
{

/* Until the user ends it; then a summary stays on the terminal. */
void watch_on(std::unique_ptr<terminal> terminal, const knobs &knobs, const std::string &proc,
	      const watch_options &options);

} /* namespace ksm */
