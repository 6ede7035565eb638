/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <memory>

#include "coexist/worker.hpp"

namespace ksm
{

/* own_memory.cpp */
std::unique_ptr<worker> swapping_worker();
std::unique_ptr<worker> balloon_worker();
std::unique_ptr<worker> khugepaged_worker();
std::unique_ptr<worker> balancing_worker();

/* whole_machine.cpp */
std::unique_ptr<worker> compaction_worker();
std::unique_ptr<worker> damon_worker();

/* write_protected.cpp */
std::unique_ptr<worker> userfaultfd_worker();

} /* namespace ksm */
