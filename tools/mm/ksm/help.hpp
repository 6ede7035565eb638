/* SPDX-License-Identifier: GPL-2.0 */
/* CLI11's help, as narrow as the terminal. */
#pragma once

#include <algorithm>
#include <sstream>
#include <string>

#include <unistd.h>

#include "lib/cli.hpp"
#include "text.hpp"

namespace ksm
{

class narrow_help : public CLI::Formatter
{
public:
	narrow_help() { column_width(description); }

	std::string make_help(const CLI::App *app, std::string name,
			      CLI::AppFormatMode mode) const override
	{
		const std::size_t width = std::min(line_width(STDOUT_FILENO), most);
		std::istringstream lines(CLI::Formatter::make_help(app, name, mode));
		std::string out;

		/* Only the lists are indented. */
		for (std::string line; std::getline(lines, line);)
			out += wrap(line, width, line.starts_with("  ") ? description : 0) + "\n";
		return out;
	}

private:
	static constexpr std::size_t description = 24; /* where it begins */
	static constexpr std::size_t most = 79;	       /* longer lines are hard to read */
};

} /* namespace ksm */
