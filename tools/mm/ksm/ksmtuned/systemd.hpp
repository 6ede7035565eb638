/* SPDX-License-Identifier: GPL-2.0 */
/* libsystemd, which tells systemd how we are; says which package brings it. */
#pragma once

#include <ctime>
#include <string>

#include "format.hpp"

#if !__has_include(<systemd/sd-daemon.h>)
#error "libsystemd is missing: apt-get install libsystemd-dev"
#endif
#include <systemd/sd-daemon.h>

namespace ksm::tuned
{

/* What begins a reload, with the time that systemd wants to know. */
inline std::string reloading_now()
{
	timespec now = {};

	clock_gettime(CLOCK_MONOTONIC, &now);
	return fmt::format("RELOADING=1\nMONOTONIC_USEC={}\n",
			   now.tv_sec * 1'000'000 + now.tv_nsec / 1000);
}

} /* namespace ksm::tuned */
