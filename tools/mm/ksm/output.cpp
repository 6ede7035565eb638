// SPDX-License-Identifier: GPL-2.0
#include "output.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "error.hpp"
#include "format.hpp"

namespace ksm
{

void flush_output()
{
	if (std::fflush(stdout) || std::ferror(stdout))
		throw error(fmt::format("cannot write the output: {}", std::strerror(errno)),
			    "make room where it goes, or send it elsewhere", errno);
}

} /* namespace ksm */
