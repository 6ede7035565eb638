// SPDX-License-Identifier: GPL-2.0
#include "output.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <unistd.h>

#include "error.hpp"
#include "format.hpp"
#include "text.hpp"

namespace ksm
{

void print_wrapped(const std::string &text)
{
	constexpr std::size_t indent = 8;

	fmt::print("{}\n", wrap(text, line_width(STDOUT_FILENO), indent));
}

void print_labelled(const char *name, const std::string &text)
{
	constexpr std::size_t indent = 9;

	fmt::print("{}\n",
		   wrap(fmt::format("{:<8} {}", name, text), line_width(STDOUT_FILENO), indent));
}

void flush_output()
{
	if (std::fflush(stdout) || std::ferror(stdout))
		throw error(fmt::format("cannot write the output: {}", std::strerror(errno)),
			    "make room where it goes, or send it elsewhere");
}

void say(const std::string &text, const std::string &more)
{
	constexpr std::size_t indent = 8; /* below the text after "ksmctl: " */
	const std::size_t width = line_width(STDERR_FILENO);

	fmt::print(stderr, "{}\n", wrap("ksmctl: " + text, width, indent));
	if (!more.empty())
		fmt::print(stderr, "{}\n", wrap(std::string(indent, ' ') + more, width, indent));
}

} /* namespace ksm */
