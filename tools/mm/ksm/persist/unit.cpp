// SPDX-License-Identifier: GPL-2.0
#include "persist/unit.hpp"

#include <algorithm>
#include <string_view>

#include "error.hpp"
#include "format.hpp"

namespace ksm
{
namespace
{

constexpr std::string_view suffix = ".service";
constexpr std::string_view other_suffixes[] = {".socket", ".device", ".mount", ".automount",
					       ".swap",	  ".target", ".path",  ".timer",
					       ".slice",  ".scope"};
constexpr std::size_t longest_name = 255;

/* Those that systemd takes in names of units. */
bool belongs_in_name(char c)
{
	constexpr std::string_view others = ":-_.\\@";

	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       others.find(c) != others.npos;
}

std::string checked_name(std::string name)
{
	for (const std::string_view other : other_suffixes)
		if (name.ends_with(other))
			throw error(fmt::format("'{}' is no service", name),
				    "only the memory of services can be offered by a unit: "
				    "MemoryKSM= stands in [Service]",
				    exit_status::usage);
	if (!name.ends_with(suffix))
		name += suffix;
	if (name.size() > longest_name || name.size() == suffix.size() || name.front() == '.' ||
	    name.front() == '@' || !std::ranges::all_of(name, belongs_in_name))
		throw error(fmt::format("'{}' is no name of a unit", name),
			    "a name like nginx.service, or worker@.service for all its instances: "
			    "letters, digits and :-_.\\@",
			    exit_status::usage);
	return name;
}

/* "worker@3.service" is made from worker@.service. */
std::string template_of(const std::string &name)
{
	const std::size_t at = name.find('@');

	return at == name.npos ? name : name.substr(0, at + 1) + std::string(suffix);
}

} /* namespace */

unit::unit(const std::string &name) : name_(checked_name(name)) {}

std::string unit::drop_in_dir() const
{
	return "/etc/systemd/system/" + name_ + ".d";
}

bool unit::exists(const config_root &root) const
{
	for (const char *dir :
	     {"/etc/systemd/system/", "/run/systemd/system/", "/run/systemd/generator/",
	      "/usr/local/lib/systemd/system/", "/usr/lib/systemd/system/", "/lib/systemd/system/"})
		if (root.has(dir + name_) || root.has(dir + template_of(name_)))
			return true;
	return false;
}

std::string unit::restart_command() const
{
	/* A template does not run; its instances do. */
	const std::size_t at = name_.find("@.");
	const std::string running =
		at == name_.npos ? name_ : "'" + name_.substr(0, at) + "@*.service'";

	return "systemctl daemon-reload && systemctl restart " + running;
}

} /* namespace ksm */
