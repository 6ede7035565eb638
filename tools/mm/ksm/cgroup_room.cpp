// SPDX-License-Identifier: GPL-2.0
#include "cgroup_room.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>

#include <unistd.h>

#include "format.hpp"
#include "lib/proc/amounts.hpp"
#include "lib/proc/cgroups.hpp"
#include "lib/proc/process.hpp"
#include "lib/sysfs.hpp"
#include "text.hpp"
#include "utf8.hpp"

namespace fs = std::filesystem;

namespace ksm
{
namespace
{

constexpr std::int64_t margin_part = 50;

/* Nothing of "max", too. */
std::optional<std::int64_t> number_of(const fs::path &file)
{
	try {
		return number_in(read_text(file));
	} catch (const std::system_error &) {
		return std::nullopt;
	}
}

struct limited {
	fs::path cgroup;
	std::int64_t limit;
	std::int64_t room;
	std::int64_t needed;

	std::int64_t lack() const { return needed + limit / margin_part - room; }
};

/* Bytes that copies would add to each cgroup, those below it included. */
std::map<fs::path, std::int64_t> copies_by_cgroup(const sample &sample, const std::string &proc)
{
	const std::int64_t mappings = sample.shared.value_or(0) + sample.sharing.value_or(0);
	const double copied =
		mappings > 0 ? double(sample.sharing.value_or(0)) / double(mappings) : 0;
	std::map<fs::path, std::int64_t> all;

	for (const process &process : processes(proc)) {
		const auto stat = process.stat();

		if (!stat || !(stat->merging_pages + stat->zero_pages))
			continue;
		const double pages =
			double(stat->merging_pages) * copied + double(stat->zero_pages);
		const auto bytes = std::int64_t(pages * double(sysconf(_SC_PAGESIZE)));
		for (const fs::path &cgroup : cgroups_up_from(process.place().cgroup))
			all[cgroup] += bytes;
	}
	return all;
}

/* What of swap the cgroup may still use. */
std::int64_t swap_room(const fs::path &dir, std::int64_t free_swap)
{
	const auto limit = number_of(dir / "memory.swap.max");
	const auto used = number_of(dir / "memory.swap.current");

	return limit && used ? std::clamp<std::int64_t>(*limit - *used, 0, free_swap) : free_swap;
}

std::optional<limited> look_at(const fs::path &mount, const fs::path &cgroup, std::int64_t needed,
			       std::int64_t free_swap)
{
	const fs::path dir = mount / cgroup.relative_path();
	const auto limit = number_of(dir / "memory.max");
	const auto used = number_of(dir / "memory.current");

	if (!limit || !used)
		return std::nullopt;
	const amounts stat = read_amounts(dir / "memory.stat");
	const std::int64_t files = amount_of(stat, "active_file").value_or(0) +
				   amount_of(stat, "inactive_file").value_or(0);
	return limited{cgroup, *limit, *limit - *used + files + swap_room(dir, free_swap), needed};
}

} /* namespace */

std::optional<error> no_room_in_cgroup(const sample &sample, const std::string &proc)
{
	const fs::path mount = cgroup_mount(proc);
	const std::int64_t free_swap =
		amount_of(read_amounts(proc + "/meminfo"), "SwapFree").value_or(0);
	std::optional<limited> worst;
	std::size_t full = 0;

	if (mount.empty())
		return std::nullopt;
	for (const auto &[cgroup, needed] : copies_by_cgroup(sample, proc)) {
		const auto found = look_at(mount, cgroup, needed, free_swap);

		if (!found || found->lack() <= 0)
			continue;
		full++;
		if (!worst || found->lack() > worst->lack())
			worst = found;
	}
	if (!worst)
		return std::nullopt;
	const std::string others =
		full > 1 ? fmt::format("; {} cgroups in all are too small", full) : "";
	return error(fmt::format("to unshare everything takes about {} in the memory cgroup {}, "
				 "and {} are there, of its memory.max of {}{}",
				 bytes_text(worst->needed), printable(worst->cgroup.string()),
				 bytes_text(std::max<std::int64_t>(worst->room, 0)),
				 bytes_text(worst->limit), others),
		     "raise memory.max first, or do it all the same by --force");
}

} /* namespace ksm */
