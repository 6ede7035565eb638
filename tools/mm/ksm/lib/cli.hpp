/* SPDX-License-Identifier: GPL-2.0 */
/* CLI11, which parses options; says which package brings it. */
#pragma once

#if !__has_include(<CLI/CLI.hpp>)
#error "CLI11 is missing: apt-get install libcli11-dev"
#endif
#include <CLI/CLI.hpp>
