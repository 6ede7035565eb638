/* SPDX-License-Identifier: GPL-2.0 */
/* The entry points of KSM are not part of the pure rooms. */
