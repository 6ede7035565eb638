/* SPDX-License-Identifier: GPL-2.0 */
/* What was printed has arrived, or the user learns that it has not. */
#pragma once

namespace ksm
{

/* Throws if stdout takes no more, a full disk for instance. */
void flush_output();

} /* namespace ksm */
