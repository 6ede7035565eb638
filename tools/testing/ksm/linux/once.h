/* SPDX-License-Identifier: GPL-2.0 */
/* prandom.h includes this for a macro that is not used here. */
