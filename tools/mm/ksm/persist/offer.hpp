/* SPDX-License-Identifier: GPL-2.0 */
/* The memory of a service, offered whenever it is started. */
#pragma once

#include "knobs.hpp"
#include "persist/options.hpp"
#include "persist/outcome.hpp"
#include "persist/unit.hpp"

namespace ksm
{

persist_outcome offer_unit(const unit &unit, const config_root &root,
			   const persist_options &options);
persist_outcome withdraw_unit(const unit &unit, const config_root &root,
			      const persist_options &options);

} /* namespace ksm */
