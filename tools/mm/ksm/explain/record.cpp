// SPDX-License-Identifier: GPL-2.0
#include "explain/record.hpp"

#include "json_record.hpp"

namespace ksm
{
namespace
{

const char *word(level level)
{
	static constexpr const char *words[] = {"useless", "danger", "waste", "hint"};

	return words[int(level)];
}

} /* namespace */

std::string explain_record(const view &view, const std::vector<finding> &found)
{
	json out = new_record("explain");

	out["seconds"] = view.seconds();
	out["findings"] = json::array();
	for (const auto &[name, level, what, cure] : found)
		out["findings"].push_back(
			{{"name", name}, {"level", word(level)}, {"what", what}, {"cure", cure}});
	out["saved_bytes"] = or_null(view.now.saved_bytes());
	out["cost_bytes"] = or_null(view.cost_bytes());
	out["exposure_bytes"] = or_null(view.now.saved_bytes());
	out["available_bytes"] = or_null(view.available_bytes());
	out["ksmd_cpu_percent"] = or_null(view.cpu_percent());
	return out.dump(2);
}

} /* namespace ksm */
