/* SPDX-License-Identifier: GPL-2.0 */
/* Whether ksmd runs, and how, now and after each boot. */
#pragma once

#include <string>

#include "knobs.hpp"
#include "persist/files.hpp"
#include "persist/options.hpp"
#include "persist/outcome.hpp"
#include "persist/profiles.hpp"

namespace ksm
{

persist_outcome enable_at_boot(const knobs &knobs, const std::string &proc, const config_root &root,
			       const profile &profile, const persist_options &options);
persist_outcome disable_at_boot(const knobs &knobs, const std::string &proc,
				const config_root &root, const persist_options &options);

} /* namespace ksm */
