/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cerrno>
#include <system_error>

#include <sys/ioctl.h>

namespace ksm
{

/* ioctl(); throws, with that name, if it fails. */
template <class... any> int request(int fd, unsigned long number, const char *name, any... argument)
{
	int result = ioctl(fd, number, argument...);

	if (result < 0)
		throw std::system_error(errno, std::generic_category(), name);
	return result;
}

} /* namespace ksm */
