// SPDX-License-Identifier: GPL-2.0
#include "persist/systemd.hpp"

#include <cstdio>

#include "format.hpp"

namespace ksm
{
namespace
{

/* Before, there is no MemoryKSM=. */
constexpr int first_that_knows_it = 254;

/*
 * Before, systemd calls prctl(PR_SET_MEMORY_MERGE) with two arguments only. The kernel wants
 * the other three to be 0, and fails the call. See github.com/systemd/systemd/pull/31683.
 */
constexpr int first_that_works = 256;

} /* namespace */

std::optional<int> systemd_version()
{
	FILE *pipe = popen("systemctl --version 2>/dev/null", "r");
	int version = 0;

	if (!pipe)
		return std::nullopt;
	const bool found = std::fscanf(pipe, "systemd %d", &version) == 1;
	/* Read to its end, or it is killed for writing on. */
	while (std::fgetc(pipe) != EOF)
		;
	pclose(pipe);
	return found ? std::optional(version) : std::nullopt;
}

std::optional<memory_ksm_doubt> doubt_of_memory_ksm(int version, const std::string &unit)
{
	const std::string cure =
		fmt::format("until systemd is {} or later, put 'ksmctl run --' before the program "
			    "in ExecStart= "
			    "of the unit, or offer what runs by 'ksmctl offer --unit {}'",
			    first_that_works, unit);

	if (version < first_that_knows_it)
		return memory_ksm_doubt{
			fmt::format("systemd {} does not know MemoryKSM= and ignores it", version),
			cure, false};
	if (version < first_that_works)
		return memory_ksm_doubt{
			fmt::format("systemd {} cannot start a service with MemoryKSM=yes, which "
				    "ends with status 245/KSM: it calls prctl() without arguments "
				    "that the kernel demands",
				    version),
			cure, true};
	return std::nullopt;
}

} /* namespace ksm */
