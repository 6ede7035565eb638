/* SPDX-License-Identifier: GPL-2.0 */
/* The libraries we build on; says which package brings a missing one. */
#pragma once

#if !__has_include(<CLI/CLI.hpp>)
#error "CLI11 is missing: apt-get install libcli11-dev"
#endif
#if !__has_include(<fmt/format.h>)
#error "fmt is missing: apt-get install libfmt-dev"
#endif
#if !__has_include(<nlohmann/json.hpp>)
#error "nlohmann-json is missing: apt-get install nlohmann-json3-dev"
#endif

/* Debian ships no static archive of fmt, and we link statically. */
#define FMT_HEADER_ONLY
#include <fmt/format.h>
