/* SPDX-License-Identifier: GPL-2.0 */
/* GoogleTest; says which package brings it. */
#pragma once

#if !__has_include(<gtest/gtest.h>)
#error "GoogleTest is missing: apt-get install libgtest-dev"
#endif

#include <gtest/gtest.h>
