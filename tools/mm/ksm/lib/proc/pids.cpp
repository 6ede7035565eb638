// SPDX-License-Identifier: GPL-2.0
#include "lib/proc/pids.hpp"

#include <algorithm>
#include <cstring>
#include <map>

#include <unistd.h>

#include "error.hpp"
#include "format.hpp"

namespace ksm
{
namespace
{

error no_list(int err)
{
	return error(fmt::format("cannot list the processes in /proc: {}", std::strerror(err)),
		     "run as root, with the proc filesystem there");
}

/* One of each kind for all questions: to make it takes longer than to ask. */
pids_info *asking(pids_item item)
{
	static std::map<pids_item, pids_info *> all;
	pids_info *&info = all[item];

	if (!info)
		if (const int err = procps_pids_new(&info, &item, 1); err < 0)
			throw no_list(-err);
	return info;
}

/* Until the next question; nothing if there is no such process. */
const pids_result *ask(int pid, pids_item item)
{
	unsigned number = unsigned(pid);
	const pids_fetch *found = procps_pids_select(asking(item), &number, 1, PIDS_SELECT_PID);

	return found && found->counts->total ? found->stacks[0]->head : nullptr;
}

} /* namespace */

std::vector<int> all_pids()
{
	const pids_fetch *found = procps_pids_reap(asking(PIDS_ID_PID), PIDS_FETCH_TASKS_ONLY);
	std::vector<int> pids;

	/* There is nothing to tell it from: no process at all. */
	if (!found && eaccess("/proc", R_OK | X_OK))
		throw no_list(errno);
	for (int i = 0; found && i < found->counts->total; i++)
		pids.push_back(found->stacks[i]->head->result.s_int);
	std::ranges::sort(pids);
	return pids;
}

std::optional<std::int64_t> amount_of(int pid, pids_item item)
{
	const pids_result *found = ask(pid, item);

	if (!found)
		return std::nullopt;
	/* The one that is no amount of memory. */
	return item == PIDS_OOM_SCORE ? std::int64_t(found->result.s_int)
				      : std::int64_t(found->result.ul_int);
}

std::vector<std::string> parts_of(int pid, pids_item item)
{
	const pids_result *found = ask(pid, item);
	std::vector<std::string> parts;

	for (char **part = found ? found->result.strv : nullptr; part && *part; part++)
		parts.emplace_back(*part);
	return parts;
}

} /* namespace ksm */
