/* SPDX-License-Identifier: GPL-2.0 */
/* How a fuzzer says that something must not be. */
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

namespace ksm
{

[[noreturn]] inline void defect(const char *what, const std::string &text)
{
	std::fprintf(stderr, "%s: %s\n", what, text.c_str());
	std::abort();
}

} /* namespace ksm */
