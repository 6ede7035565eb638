// SPDX-License-Identifier: GPL-2.0
#include <cmath>

#include "estimate/report.hpp"
#include "lib/json.hpp"
#include "records.hpp"

namespace ksm
{
namespace
{

json whole(double bytes)
{
	return std::llround(bytes);
}

json with_interval(const range &range)
{
	return {{"value", whole(range.value)},
		{"low", whole(range.low)},
		{"high", whole(range.high)}};
}

} /* namespace */

std::string estimate_record(const estimate_report &report)
{
	static constexpr const char *reasons[] = {"files",  "shared",  "hugetlb",    "devices",
						  "pinned", "swapped", "unreadable", "emulator"};
	const auto &[survey, looked, outcome, changed_part, settle_seconds] = report;
	json out = new_record("estimate");

	out["processes"] = survey.processes();
	out["hidden_processes"] = survey.hidden();
	out["domains"] = survey.domains();
	out["pages"] = survey.pages().count();
	out["pages_looked_at"] = looked.tried.all;
	out["pages_gone"] = looked.tried.all - looked.there.all;
	out["pages_of_zeroes"] = looked.zero.all;
	out["seconds"] = looked.seconds;
	out["saved_bytes"] = with_interval(outcome.saved);
	out["zero_pages_bytes"] = whole(outcome.zero);
	out["use_zero_pages_bytes"] = whole(outcome.more_zero);
	out["splitting_bytes"] = whole(outcome.by_splitting);
	out["metadata_bytes"] = whole(outcome.metadata);
	out["net_bytes"] = with_interval(outcome.net);
	out["already_saved_bytes"] = outcome.already ? json(*outcome.already) : json();
	out["already_saved_by_ksm_bytes"] = outcome.already_by_ksm;
	out["offered_bytes"] = survey.offered();
	out["changed_part"] = changed_part ? json(*changed_part) : json();
	for (int why = 0; why < obstacles; why++)
		out["cannot_merge_bytes"][reasons[why]] = survey.blocked(obstacle(why));
	return out.dump(2);
}

} /* namespace ksm */
