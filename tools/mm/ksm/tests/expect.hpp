/* SPDX-License-Identifier: GPL-2.0 */
/* What a text says, or does not say. */
#pragma once

#include <string>

#include <gtest/gtest.h>

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)
#define EXPECT_LACKS(text, part) EXPECT_EQ((text).find(part), std::string::npos) << (text)
