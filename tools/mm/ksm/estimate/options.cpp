// SPDX-License-Identifier: GPL-2.0
#include "estimate/options.hpp"

namespace ksm
{

void add_estimate_options(early_options &early, CLI::App &estimate, estimate_options &options)
{
	early.add({&estimate}, [&options](CLI::App &app) {
		return app
			.add_option("--settle", options.settle,
				    "Look again after that time: what has changed?")
			->type_name("SECONDS")
			->check(seconds_between(0.01, 86400))
			->take_last();
	});
	estimate.footer("Takes root, or the right to trace the processes. Ctrl-C ends it early, "
			"with what is known then.");
}

} /* namespace ksm */
