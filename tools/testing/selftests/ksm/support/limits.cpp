// SPDX-License-Identifier: GPL-2.0
#include "support/limits.hpp"

#include <algorithm>
#include <cstdlib>

namespace ksm
{

namespace
{

unsigned long from_env(const char *name, unsigned long standard)
{
	const char *text = std::getenv(name);
	char *end = nullptr;
	unsigned long value = text ? std::strtoul(text, &end, 10) : 0;

	return text && end != text && *end == '\0' && value ? value : standard;
}

} /* namespace */

std::size_t scaled(std::size_t operations)
{
	return std::max<std::size_t>(1, operations * from_env("KSM_TEST_SCALE", 100) / 100);
}

std::chrono::seconds hang_limit()
{
	return std::chrono::seconds(from_env("KSM_TEST_TIMEOUT", 60));
}

std::chrono::seconds test_time_limit()
{
	return 2 * hang_limit();
}

std::chrono::seconds coexistence_time()
{
	return std::chrono::seconds(from_env("KSM_COEXIST_SECONDS", 0));
}

} /* namespace ksm */
