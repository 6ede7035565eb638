// SPDX-License-Identifier: GPL-2.0
#include "ps_options.hpp"

namespace ksm
{

void add_ps_options(early_options &early, CLI::App &ps, ps_options &options)
{
	ps.add_option("PID", options.pids, "These processes only, whatever they offer")
		->transform(whole_number_from(1));
	early.add({&ps}, [&options](CLI::App &app) {
		return app.add_option("--by", options.by, "A row for each process, vm or unit")
			->type_name("WHAT")
			->transform(one_of({"process", "vm", "unit"}))
			->take_last();
	});
	early.add({&ps}, [&options](CLI::App &app) {
		return app
			.add_option("--sort", options.order,
				    "By offered, merged, saved, cost, name or domain")
			->type_name("COLUMN")
			->transform(
				one_of({"offered", "merged", "saved", "cost", "name", "domain"}))
			->take_last();
	});
}

} /* namespace ksm */
