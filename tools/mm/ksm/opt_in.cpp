// SPDX-License-Identifier: GPL-2.0
#include "opt_in.hpp"

#include <cerrno>

#include <sys/prctl.h>

/* Older than the kernel that we serve: Debian 12's libc headers. */
#ifndef PR_SET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE 67
#define PR_GET_MEMORY_MERGE 68
#endif

namespace ksm
{

int opt_in()
{
	return prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0) ? errno : 0;
}

bool kernel_has_ksm()
{
	return prctl(PR_GET_MEMORY_MERGE, 0, 0, 0, 0) >= 0;
}

} /* namespace ksm */
