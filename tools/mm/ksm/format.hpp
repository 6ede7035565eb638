/* SPDX-License-Identifier: GPL-2.0 */
/* fmt, which formats text; says which package brings it. */
#pragma once

#if !__has_include(<fmt/format.h>)
#error "fmt is missing: apt-get install libfmt-dev"
#endif

/* Debian ships no static archive of fmt, and we link statically. */
#define FMT_HEADER_ONLY
#include <fmt/format.h>
