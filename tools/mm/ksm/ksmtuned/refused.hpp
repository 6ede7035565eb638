/* SPDX-License-Identifier: GPL-2.0 */
/* The error for a place in the configuration. */
#pragma once

#include <string>

#include "error.hpp"
#include "format.hpp"

namespace ksm::tuned
{

/* @name: of the variable, if it is about one; @line: 0 for the environment. */
inline error refused(const std::string &file, unsigned line, const std::string &name,
		     const std::string &cause, const std::string &cure)
{
	const std::string place =
		line ? fmt::format("{} line {}: ", file, line) : std::string("the environment: ");

	return error(place + (name.empty() ? "" : name + ": ") + cause, cure, exit_status::usage);
}

} /* namespace ksm::tuned */
