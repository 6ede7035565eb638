/* SPDX-License-Identifier: GPL-2.0 */
/* Options of subcommands, taken before their name as well. */
#pragma once

#include <algorithm>
#include <vector>

#include "lib/cli.hpp"

namespace ksm
{

class early_options
{
public:
	explicit early_options(CLI::App &app) : app_(app) {}

	/* @add: adds the option to an app, and returns it. */
	template <typename F> void add(const std::vector<CLI::App *> &owners, F &&add)
	{
		options_.push_back({add(app_)->group(""), owners});
		for (CLI::App *owner : owners)
			add(*owner);
	}

	/* One that was given, and that the command does not have; null if there is none. */
	const CLI::Option *misplaced(const CLI::App *command) const
	{
		for (const auto &[option, owners] : options_)
			if (option->count() && std::ranges::find(owners, command) == owners.end())
				return option;
		return nullptr;
	}

private:
	struct shared_option {
		CLI::Option *option;
		std::vector<CLI::App *> owners;
	};

	CLI::App &app_;
	std::vector<shared_option> options_;
};

} /* namespace ksm */
