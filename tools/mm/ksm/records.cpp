// SPDX-License-Identifier: GPL-2.0
#include "records.hpp"

#include <charconv>
#include <string_view>

#include "utf8.hpp"

namespace ksm
{
namespace
{

json number_or_text(const std::string &text)
{
	std::uint64_t large = 0; /* of the kernel's unsigned long */

	if (const auto number = number_in(text))
		return *number;
	const auto [at, ec] = std::from_chars(text.data(), text.data() + text.size(), large);
	if (ec == std::errc() && at == text.data() + text.size())
		return large;
	return text;
}

json state(const std::optional<std::int64_t> &run)
{
	static constexpr std::string_view states[] = {"stopped", "running", "unshared"};

	if (!run || *run < 0)
		return nullptr;
	return *run < 3 ? json(states[*run]) : json("offlining");
}

void add_figures(json &out, const sample &sample)
{
	out["pages_shared"] = or_null(sample.shared);
	out["pages_sharing"] = or_null(sample.sharing);
	out["pages_unshared"] = or_null(sample.unshared);
	out["pages_volatile"] = or_null(sample.volatile_pages);
	out["ksm_zero_pages"] = or_null(sample.zero_pages);
	out["saved_bytes"] = or_null(sample.saved_bytes);
	out["full_scans"] = or_null(sample.full_scans);
}

json text_or_null(const std::string &text)
{
	return text.empty() ? json() : json(valid_utf8(text));
}

json ps_figures(const ps_row &row)
{
	return {{"offered_bytes", or_null(row.offered)},
		{"merged_pages", or_null(row.merged)},
		{"saved_bytes", or_null(row.saved)},
		{"metadata_bytes", or_null(row.cost)}};
}

json changes_array(const std::vector<made_change> &changes)
{
	json array = json::array();

	for (const made_change &change : changes)
		array.push_back(
			{{"knob", change.name},
			 {"before", change.before == "-" ? json() : number_or_text(change.before)},
			 {"after", number_or_text(change.after)},
			 {"seconds", change.seconds}});
	return array;
}

} /* namespace */

std::string status_record(const std::vector<knob_file> &files, const sample &sample)
{
	json out = new_record("status");

	out["state"] = state(sample.run);
	out["saved_bytes"] = or_null(sample.saved_bytes);
	out["ksmd_cpu_seconds"] = or_null(sample.cpu_seconds());
	out["knobs"] = json::object();
	out["choices"] = json::object();
	out["counters"] = json::object();
	for (const auto &[name, content, knob] : files) {
		json &value = out[knob ? "knobs" : "counters"][name];

		if (content)
			value = number_or_text(content->value);
		if (content && !content->choices.empty())
			out["choices"][name] = content->choices;
	}
	return out.dump(2);
}

std::string watch_record(const course &course, const sample &sample, std::optional<double> cpu)
{
	json out = new_record("watch_row");

	out["seconds"] = course.seconds(sample);
	add_figures(out, sample);
	out["ksmd_cpu_percent"] = or_null(cpu);
	return out.dump();
}

std::string summary_record(const course &course)
{
	const sample &peak = course.peak();
	json out = new_record("watch_summary");

	out["peak_pages_shared"] = or_null(peak.shared);
	out["peak_pages_sharing"] = or_null(peak.sharing);
	out["peak_ksm_zero_pages"] = or_null(peak.zero_pages);
	out["peak_saved_bytes"] = or_null(peak.saved_bytes);
	out["peak_after_seconds"] = course.seconds(peak);
	out["most_of_peak_after_seconds"] = course.seconds_until(course::most);
	out["most_of_peak_part"] = course::most;
	out["ksmd_cpu_seconds"] = or_null(course.cpu_seconds());
	out["wall_seconds"] = course.wall_seconds();
	out["full_scans"] = or_null(course.full_scans());
	return out.dump();
}

std::string set_record(const std::vector<made_change> &changes,
		       const std::vector<std::string> &warnings, bool dry_run)
{
	json out = new_record("set");

	out["dry_run"] = dry_run;
	out["changes"] = changes_array(changes);
	out["warnings"] = warnings;
	return out.dump(2);
}

std::string persist_record(const char *kind, const persist_outcome &done, bool dry_run)
{
	static constexpr const char *words[] = {"written", "removed", "absent"};
	json out = new_record(kind);

	out["dry_run"] = dry_run;
	out["changes"] = changes_array(done.changes);
	out["files"] = json::array();
	for (const auto &[path, fate, text] : done.files)
		out["files"].push_back({{"path", path}, {"fate", words[int(fate)]}});
	out["warnings"] = done.warnings;
	return out.dump(2);
}

std::string ps_record(const ps_rows &found, ps_by by)
{
	static constexpr const char *words[] = {"process", "vm", "unit"};
	json out = new_record("ps");

	out["by"] = words[int(by)];
	out["rows"] = json::array();
	for (const ps_row &row : found.rows) {
		json &entry = out["rows"].emplace_back(ps_figures(row));

		entry["name"] = valid_utf8(row.name);
		entry["pids"] = json::array();
		for (const std::string &pid : row.pids)
			entry["pids"].push_back(number_or_text(pid));
		entry["unit"] = text_or_null(row.unit);
		entry["cgroup"] = text_or_null(row.cgroup);
		entry["domain"] = text_or_null(row.domain);
	}
	out["sum"] = ps_figures(sum_of(found.rows));
	out["hidden_processes"] = found.hidden;
	return out.dump(2);
}

} /* namespace ksm */
