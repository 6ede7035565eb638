// SPDX-License-Identifier: GPL-2.0
#include "persist/options.hpp"

namespace ksm
{

void add_persist_options(early_options &early, CLI::App &enable, CLI::App &disable,
			 persist_options &options)
{
	early.add({&enable}, [&options](CLI::App &app) {
		return app
			.add_option("--profile", options.profile,
				    "Other knobs, too: vmhost, containers or desktop")
			->type_name("NAME")
			->check(not_empty())
			->take_last();
	});
	early.add({&disable}, [&options](CLI::App &app) {
		return app.add_flag("--unshare", options.unshare, "Unshare everything (run=2)");
	});
	early.add({&enable, &disable}, [&options](CLI::App &app) {
		return app
			.add_option("--root", options.root,
				    "Only write files, those of the system in this directory")
			->type_name("DIR")
			->check(not_empty())
			->take_last();
	});
	enable.footer("The knobs are set at once, and at each boot by /etc/tmpfiles.d/ksmctl.conf. "
		      "--dry-run shows what a profile sets.");
	disable.footer("The knobs but run stay as they are until the next boot.");
}

} /* namespace ksm */
