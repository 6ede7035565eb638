/* SPDX-License-Identifier: GPL-2.0 */
/* prctl(2) as far as KSM is concerned. */
#pragma once

namespace ksm
{

/* Offers all memory of this process; 0 or an errno. */
int opt_in();

/* True if the kernel knows KSM, whatever sysfs shows of it. */
bool kernel_has_ksm();

} /* namespace ksm */
