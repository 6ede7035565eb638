// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"

#include "apply.hpp"
#include "changes.hpp"
#include "format.hpp"
#include "output.hpp"
#include "records.hpp"

namespace ksm
{

int set(const knobs &knobs, const std::string &proc, const std::vector<std::string> &words,
	const set_options &options)
{
	const std::vector<change> changes = changes_in(words);
	const auto warned = check_all(knobs, proc, changes, options.force);

	for (const std::string &warning : warned)
		say("warning: " + warning);

	const auto made = apply(knobs, changes, options.dry_run);
	if (options.json)
		fmt::print("{}\n", set_record(made, warned, options.dry_run));
	else
		for (const made_change &change : made)
			fmt::print("{}\n", text_of(change, options.dry_run));
	return 0;
}

} /* namespace ksm */
