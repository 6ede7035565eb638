// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"

#include "format.hpp"
#include "output.hpp"
#include "ps_table.hpp"
#include "records.hpp"

namespace ksm
{
namespace
{

void note_hidden(const ps_rows &found)
{
	if (!found.hidden)
		return;
	if (found.rows.empty())
		say("nothing can be seen: only its owner and root may see what a process offers",
		    "run ksmctl as root, on the host of containers");
	else
		say(fmt::format("{} {} hidden, as other users own {}", found.hidden,
				found.hidden == 1 ? "process is" : "processes are",
				found.hidden == 1 ? "it" : "them"),
		    "run ksmctl as root to see all");
}

const char *nothing(ps_by by)
{
	return by == ps_by::vm ? "no virtual machine offers memory to KSM"
			       : "no process offers memory to KSM (ksmctl run)";
}

} /* namespace */

int ps(const std::string &proc, const ps_options &options)
{
	ps_rows found = collect_rows(proc, options.pids, options.by);

	sort_rows(found.rows, options.order);
	if (options.json)
		fmt::print("{}\n", ps_record(found, options.by));
	else if (!found.rows.empty())
		print_rows(found.rows, options.by);
	else if (!found.hidden)
		fmt::print("{}\n", nothing(options.by));
	if (!options.json)
		note_hidden(found);
	return 0;
}

} /* namespace ksm */
