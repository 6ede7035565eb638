// SPDX-License-Identifier: GPL-2.0
/*
 * What the pure rooms still need from other rooms.
 */
#include <linux/mm.h>

#include "../../../mm/ksm/ksm.h"

/* ../ksm.c */
DEFINE_MUTEX(ksm_mutex);

struct ksm_knobs ksm_knobs = {
	.pages_to_scan = KSM_PAGES_TO_SCAN_DEFAULT,
};
