/* SPDX-License-Identifier: GPL-2.0 */
/* tracepoint.h has all that is needed. */
