/* SPDX-License-Identifier: GPL-2.0 */
/* What is said of a command line that makes no sense. */
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "early_options.hpp"
#include "error.hpp"

namespace ksm
{

class complaints
{
public:
	/* @run: the command after whose name all words are for another program */
	complaints(const CLI::App &app, const early_options &early, const CLI::App &run)
		: app_(app), early_(early), run_(run)
	{
	}

	/* That what CLI11 has thrown is about. */
	error about(const CLI::ParseError &failure) const;

	/* An option that the command does not have. */
	std::optional<error> misplaced() const;

	/* With the exit status that the command has for it. */
	error bad_usage(const std::string &cause, const std::string &cure) const;

private:
	error unknown(const std::string &word) const;
	std::vector<std::string> command_names() const;
	std::vector<std::string> option_names() const;
	const CLI::App *chosen() const;
	std::string see_help() const;

	const CLI::App &app_;
	const early_options &early_;
	const CLI::App &run_;
};

} /* namespace ksm */
