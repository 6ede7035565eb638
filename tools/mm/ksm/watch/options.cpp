// SPDX-License-Identifier: GPL-2.0
#include "watch/options.hpp"

namespace ksm
{

void add_watch_options(early_options &early, CLI::App &watch, watch_options &options)
{
	early.add({&watch}, [&options](CLI::App &app) {
		return app
			.add_option("--interval", options.interval,
				    "Seconds between two looks, 1 unless told")
			->type_name("SECONDS")
			->check(seconds_between(0.01, 86400))
			->take_last();
	});
	early.add({&watch}, [&options](CLI::App &app) {
		return app
			.add_option("--count", options.count,
				    "Lines, and stop after so many; 0: never")
			->type_name("ROWS")
			->transform(whole_number_from(0))
			->take_last();
	});
	early.add({&watch}, [&options](CLI::App &app) {
		return app.add_flag("--lines", options.lines,
				    "A row of figures at each interval, then a summary");
	});
	watch.footer("On a terminal it fills the screen, and 'q' ends it. Elsewhere, or with "
		     "--lines, --count or --json, it prints lines, and Ctrl-C ends it.");
}

} /* namespace ksm */
