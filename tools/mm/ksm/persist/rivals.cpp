// SPDX-License-Identifier: GPL-2.0
#include "persist/rivals.hpp"

#include <algorithm>

#include "format.hpp"
#include "lib/proc/writers.hpp"

namespace ksm
{
namespace
{

constexpr const char *wants = "/etc/systemd/system/multi-user.target.wants/";
constexpr const char *services[] = {"ksmtuned", "ksm"};

} /* namespace */

std::vector<std::string> rivals(const config_root &root, const std::string &proc)
{
	std::vector<std::string> warnings;
	const std::vector<writer> running = find_writers(proc);

	for (const writer &writer : running)
		warnings.push_back(fmt::format("{} (PID {}) sets run, pages_to_scan and "
					       "sleep_millisecs by itself, and will "
					       "overwrite them; stop it, or leave KSM to it",
					       writer.program, writer.pid));
	for (const std::string service : services)
		if (root.has(wants + service + ".service") &&
		    std::ranges::find(running, service, &writer::program) == running.end())
			warnings.push_back(
				fmt::format("{0}.service starts at boot and sets run by "
					    "itself; switch it off by 'systemctl disable "
					    "{0}', or leave KSM to it",
					    service));
	return warnings;
}

} /* namespace ksm */
