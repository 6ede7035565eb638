// SPDX-License-Identifier: GPL-2.0
#include "rules.hpp"

#include <algorithm>
#include <charconv>
#include <climits>
#include <map>
#include <string_view>

#include <unistd.h>

#include "format.hpp"
#include "text.hpp"

namespace ksm
{
namespace
{

struct range {
	unsigned long least;
	unsigned long most;
	const char *what;
};

/* Its upper limit depends on the size of huge pages, which the kernel knows. */
constexpr std::string_view threshold = "thp_split_threshold";

const std::map<std::string_view, range> ranges = {
	{"run", {0, 2, "0 (stop), 1 (merge) or 2 (stop and unshare everything)"}},
	{"pages_to_scan", {0, UINT_MAX, "a number of pages"}},
	{"sleep_millisecs", {0, UINT_MAX, "a number of milliseconds"}},
	{"merge_across_nodes", {0, 1, "0 or 1"}},
	{"restrict_counters", {0, 1, "0 or 1"}},
	{"uniform_faults", {0, 1, "0 or 1"}},
	{"pressure_boost", {0, 1, "0 or 1"}},
	{"max_page_sharing", {2, INT_MAX, "a number of mappings"}},
	{"stable_node_chains_prune_millisecs", {0, UINT_MAX, "a number of milliseconds"}},
	{"advisor_max_cpu", {0, 100, "a percentage of one CPU"}},
	{"advisor_min_pages_to_scan", {0, ULONG_MAX, "a number of pages"}},
	{"advisor_max_pages_to_scan", {0, ULONG_MAX, "a number of pages"}},
	{"advisor_target_scan_time", {1, ULONG_MAX, "a number of seconds"}},
	{threshold,
	 {0, UINT_MAX, "a number of small pages, up to those of a huge page (512 on x86-64)"}},
};

constexpr const char *switches[] = {"use_zero_pages", "smart_scan"};
constexpr const char *switch_words[] = {"0", "1", "n", "y", "no", "yes", "off", "on"};

bool is_switch(std::string_view name)
{
	return std::ranges::find(switches, name) != std::end(switches);
}

std::optional<unsigned long> unsigned_in(std::string_view text)
{
	const char *end = text.data() + text.size();
	unsigned long number = 0;
	const auto [at, ec] = std::from_chars(text.data(), end, number);

	if (ec != std::errc() || at != end)
		return std::nullopt;
	return number;
}

/* Both thresholds are far from what anybody measured to be of use. */
std::optional<std::string> odd_batch(unsigned long pages)
{
	constexpr unsigned long many = 1UL << 20;

	if (!pages)
		return "ksmd scans nothing";
	if (pages > many)
		return fmt::format("ksmd reads {} before it sleeps",
				   bytes_text(std::int64_t(pages) * sysconf(_SC_PAGESIZE)));
	return std::nullopt;
}

std::optional<std::string> odd_sleep(unsigned long msecs)
{
	constexpr unsigned long long_sleep = 60'000;

	if (!msecs)
		return "ksmd never sleeps while there is something to scan: it may use a whole CPU";
	if (msecs > long_sleep)
		return fmt::format("ksmd sleeps for {} after each batch", duration_text(msecs));
	return std::nullopt;
}

std::optional<std::string> odd_sharing(unsigned long mappings)
{
	constexpr unsigned long few = 16, many = 65536;

	if (mappings < few)
		return fmt::format("one page in {} of equal content is kept, and each costs "
				   "memory of KSM's own (256 is usual)",
				   mappings);
	if (mappings > many)
		return fmt::format("to swap out or move one page, the kernel may have to walk "
				   "{} mappings",
				   mappings);
	return std::nullopt;
}

/* By scan-time; a budget is kept as it is. */
std::optional<std::string> odd_advisor_cpu(unsigned long percent)
{
	if (percent < 10)
		return "the kernel counts less than 10 as 10";
	return std::nullopt;
}

std::optional<std::string> odd_budget(unsigned long percent)
{
	if (!percent)
		return "the kernel counts 0 as 1";
	return std::nullopt;
}

std::optional<std::string> odd_scan_time(unsigned long seconds)
{
	constexpr unsigned long day = 24 * 60 * 60;

	if (seconds <= day)
		return std::nullopt;
	return "a page is merged in the second pass, which is more than a day away";
}

std::optional<std::string> odd_advisor_pages(unsigned long pages)
{
	if (!pages)
		return "the kernel counts 0 as 1";
	if (pages > UINT_MAX)
		return fmt::format("the kernel counts it as {}", UINT_MAX);
	return std::nullopt;
}

std::optional<std::string> odd_prune(unsigned long msecs)
{
	constexpr unsigned long hour = 60 * 60 * 1000;

	if (msecs <= hour)
		return std::nullopt;
	return fmt::format("unused copies are kept for up to {}", duration_text(msecs));
}

using judge = std::optional<std::string> (*)(unsigned long);

const std::map<std::string_view, judge> judges = {
	{"pages_to_scan", odd_batch},
	{"sleep_millisecs", odd_sleep},
	{"max_page_sharing", odd_sharing},
	{"advisor_max_cpu", odd_advisor_cpu},
	{"advisor_target_scan_time", odd_scan_time},
	{"advisor_min_pages_to_scan", odd_advisor_pages},
	{"advisor_max_pages_to_scan", odd_advisor_pages},
	{"stable_node_chains_prune_millisecs", odd_prune},
};

} /* namespace */

std::optional<std::string> accepted(const std::string &name, const knob_value &now)
{
	if (!now.choices.empty())
		return fmt::format("{}", fmt::join(now.choices, ", "));
	if (is_switch(name))
		return "0 or 1";

	const auto found = ranges.find(name);
	if (found == ranges.end())
		return std::nullopt;
	const auto &[least, most, what] = found->second;
	if (most <= 2 || name == threshold) /* the words say it all */
		return what;
	return fmt::format("{} from {} to {}", what, least, most);
}

bool acceptable(const std::string &name, const std::string &value, const knob_value &now)
{
	if (!now.choices.empty())
		return std::ranges::find(now.choices, value) != now.choices.end();
	if (is_switch(name))
		return std::ranges::find(switch_words, std::string_view(value)) !=
		       std::end(switch_words);

	const auto found = ranges.find(name);
	if (found == ranges.end())
		return !value.empty();
	const auto number = unsigned_in(value);
	return number && *number >= found->second.least && *number <= found->second.most;
}

bool needs_unmerged(const std::string &name)
{
	return name == "merge_across_nodes" || name == "max_page_sharing" || name == "fingerprint";
}

bool without_effect(const std::string &name, const std::string &advisor)
{
	if (advisor == "cpu-budget")
		return name == "advisor_target_scan_time" || name == "advisor_min_pages_to_scan" ||
		       name == "sleep_millisecs";
	return advisor == "none" && name.starts_with("advisor_") && name != "advisor_mode";
}

std::optional<std::string> oddity(const std::string &name, const std::string &value,
				  const std::string &advisor)
{
	const auto judge = judges.find(name);
	const auto number = unsigned_in(value);

	if (judge == judges.end() || !number)
		return std::nullopt;
	if (name == "advisor_max_cpu" && advisor == "cpu-budget")
		return odd_budget(*number);
	return judge->second(*number);
}

} /* namespace ksm */
