/* SPDX-License-Identifier: GPL-2.0 */
/* Makes changes of knobs: all or none of them. */
#pragma once

#include <string>
#include <vector>

#include "changes.hpp"
#include "knobs.hpp"

namespace ksm
{

/*
 * What is odd about them. Throws ksm::error if they cannot be made, or if there is not the
 * memory for run=2 and it is not forced.
 */
std::vector<std::string> check_all(const knobs &knobs, const std::string &proc,
				   const std::vector<change> &changes, bool force);

/*
 * In this order, each when the one before is done. If one fails, those before it are set back,
 * and a ksm::error says so. With @dry_run, says what would be done.
 */
std::vector<made_change> apply(const knobs &knobs, const std::vector<change> &changes,
			       bool dry_run);

/* "run: 0 -> 1 (0.001 s)" */
std::string text_of(const made_change &change, bool dry_run);

} /* namespace ksm */
