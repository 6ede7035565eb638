// SPDX-License-Identifier: GPL-2.0
#include "selection.hpp"

#include <algorithm>

#include <unistd.h>

#include "chosen.hpp"
#include "error.hpp"
#include "format.hpp"
#include "lib/proc/vms.hpp"
#include "suggest.hpp"

namespace ksm
{
namespace
{

constexpr const char *by_root = "run ksmctl as root, on the host of containers";

void add(std::vector<process> &found, const process &process)
{
	if (std::ranges::find(found, process.dir(), &process::dir) == found.end())
		found.push_back(process);
}

void add_vms(std::vector<process> &found, const std::filesystem::path &proc,
	     const std::vector<std::string> &names)
{
	const vms vms = find_vms(proc);
	std::vector<std::string> known;

	for (const process &vm : vms.found)
		known.push_back(vm.name());
	for (const std::string &name : names) {
		if (std::ranges::find(known, name) == known.end())
			throw error(fmt::format("there is no virtual machine '{}'{}", name,
						did_you_mean(name, known)),
				    vms.hidden ? by_root : "'ksmctl ps --by vm' lists them");
		for (std::size_t i = 0; i < known.size(); i++)
			if (known[i] == name)
				add(found, vms.found[i]);
	}
}

void add_units(std::vector<process> &found, const std::filesystem::path &proc,
	       const std::vector<std::string> &names)
{
	const std::vector<process> all = processes(proc);
	std::vector<std::string> units;

	for (const process &process : all)
		units.push_back(process.place().unit);
	for (const std::string &name : names) {
		const auto is_meant = [&name](const std::string &unit) {
			return unit == name || unit == name + ".service";
		};

		if (std::ranges::none_of(units, is_meant))
			throw error(fmt::format("there is no process in a unit '{}'{}", name,
						did_you_mean(name, units)),
				    "'systemctl status' lists the units that run");
		for (std::size_t i = 0; i < units.size(); i++)
			if (is_meant(units[i]))
				add(found, all[i]);
	}
}

} /* namespace */

std::vector<process> selected(const std::filesystem::path &proc, const selection &selection)
{
	std::vector<process> found;

	if (selection.all) {
		found = processes(proc);
		std::erase_if(found, [](const process &process) {
			return process.pid() == std::to_string(getpid());
		});
		return found;
	}
	for (const process &process : chosen(proc, selection.pids))
		add(found, process);
	if (!selection.vms.empty())
		add_vms(found, proc, selection.vms);
	if (!selection.units.empty())
		add_units(found, proc, selection.units);
	return found;
}

} /* namespace ksm */
