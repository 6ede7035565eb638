/* SPDX-License-Identifier: GPL-2.0 */
#define __percpu
#include "../../../../include/linux/prandom.h"
