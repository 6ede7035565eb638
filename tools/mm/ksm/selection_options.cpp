// SPDX-License-Identifier: GPL-2.0
#include "selection_options.hpp"

namespace ksm
{

void add_selection_options(early_options &early, const std::vector<CLI::App *> &commands,
			   selection &selection)
{
	for (CLI::App *command : commands)
		command->add_option("PID", selection.pids, "These processes")
			->transform(whole_number_from(1));
	early.add(commands, [&selection](CLI::App &app) {
		return app.add_option("--vm", selection.vms, "Virtual machines, by name")
			->type_name("NAME")
			->check(not_empty())
			->allow_extra_args(false);
	});
}

} /* namespace ksm */
