/* SPDX-License-Identifier: GPL-2.0 */
/* Why the kernel refuses to set a knob, or would, and what to do about it. */
#pragma once

#include "error.hpp"
#include "knobs.hpp"

namespace ksm
{

struct change;

/* For what we can see before the kernel is asked. */
enum reason { advised, merged, crossed };

error refusal(const change &change, reason reason);

/* For an errno of the kernel. */
error refusal(const change &change, int err);

/* The same where the knobs can tell which of several reasons it was. */
error refusal(const change &change, int err, const knobs &knobs);

} /* namespace ksm */
