// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints of include/trace/events/ksm.h.
 */
#include <linux/mm.h>

#define CREATE_TRACE_POINTS
#include <trace/events/ksm.h>
