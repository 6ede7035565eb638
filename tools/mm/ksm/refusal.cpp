// SPDX-License-Identifier: GPL-2.0
#include "refusal.hpp"

#include <cerrno>
#include <cstring>

#include "changes.hpp"
#include "format.hpp"
#include "rules.hpp"

namespace ksm
{
namespace
{

std::string what(const change &change, const char *why)
{
	return fmt::format("cannot set {} to '{}': {}", change.name, change.value, why);
}

std::string cure(int err)
{
	switch (err) {
	case EACCES:
	case EPERM:
	case EROFS:
		return "the knobs can be written by root only, and not in most containers";
	case ENOMEM:
		return "every broken share needs a page of its own: free memory, add swap, or "
		       "raise the memory.max of the memory cgroup that is full";
	case EOPNOTSUPP:
		return "this CPU has no instructions for it: 'auto' takes what it has";
	case EINTR:
		return "the write was interrupted half way";
	default:
		return "see dmesg for what the kernel says about it";
	}
}

} /* namespace */

error refusal(const change &change, reason reason)
{
	if (reason == advised)
		return error(what(change, "the advisor sets it"),
			     "set advisor_mode=none before it, or limit the advisor by its own "
			     "knobs, as advisor_max_pages_to_scan");
	if (reason == crossed)
		return error(what(change, "advisor_min_pages_to_scan would be above "
					  "advisor_max_pages_to_scan"),
			     "to move both, set that one first that keeps it below");
	return error(what(change, "it can change only while nothing is merged"),
		     fmt::format("unshare everything first: ksmctl set run=2 {}={} run=1",
				 change.name, change.value));
}

error refusal(const change &change, int err)
{
	if (err == EBUSY)
		return refusal(change, merged);
	return error(what(change, std::strerror(err)), cure(err));
}

error refusal(const change &change, int err, const knobs &knobs)
{
	if (err != EINVAL && err != ERANGE)
		return refusal(change, err);

	const knob_value now = knobs.content(change.name).value_or(knob_value{});
	const auto advisor = knobs.content("advisor_mode");

	if (change.name == "pages_to_scan" && acceptable(change.name, change.value, now) &&
	    advisor && advisor->value != "none")
		return refusal(change, advised);

	const auto takes = accepted(change.name, now);
	return error(what(change, "this kernel does not take that value"),
		     takes ? fmt::format("{} takes {}", change.name, *takes)
			   : "this ksmctl does not know the knob, its kernel's manual does");
}

} /* namespace ksm */
