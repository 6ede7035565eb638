// SPDX-License-Identifier: GPL-2.0
#include "lib/proc/writers.hpp"

#include <algorithm>
#include <string_view>

#include "lib/proc/process.hpp"

namespace ksm
{
namespace
{

/*
 * Of hosts of virtual machines, Proxmox among them, that of KubeVirt, and that of oVirt. The
 * kernel cuts names after 15 letters; all of these are shorter.
 */
constexpr std::string_view programs[] = {"ksmtuned", "virt-handler", "momd"};

/* The shell script of that name is run by a shell, which is the first word then. */
bool is_our_ksmtuned(const process &process)
{
	const std::string line = process.command_line();
	const std::string first = line.substr(0, line.find(' '));

	return first.substr(first.rfind('/') + 1) == "ksmtuned";
}

} /* namespace */

std::vector<writer> find_writers(const std::string &proc)
{
	std::vector<writer> found;

	for (const process &process : processes(proc)) {
		const std::string name = process.program();

		/* The script starts others of itself, one for each of its pipes. */
		if (std::ranges::find(programs, name) == std::end(programs) ||
		    std::ranges::find(found, name, &writer::program) != found.end())
			continue;
		found.push_back({name, process.pid(), is_our_ksmtuned(process)});
	}
	return found;
}

} /* namespace ksm */
