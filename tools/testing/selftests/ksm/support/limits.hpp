/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <chrono>
#include <cstddef>

namespace ksm
{

/*
 * How much work and patience this machine allows. KSM_TEST_SCALE (percent)
 * scales the number of operations of the long tests, KSM_TEST_TIMEOUT (seconds)
 * is the time after which something that should happen is called hung; neither
 * changes what a test demands. KSM_COEXIST_SECONDS has coexistence_test go on for so long;
 * without it, it ends as soon as each worker has done enough.
 */
std::size_t scaled(std::size_t operations);
std::chrono::seconds hang_limit();
std::chrono::seconds test_time_limit();
std::chrono::seconds coexistence_time();

} /* namespace ksm */
