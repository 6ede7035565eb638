/* SPDX-License-Identifier: GPL-2.0 */
/* LeakSanitizer looks for leaks here. */
